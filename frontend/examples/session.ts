/** A client of the API that sends a token, and answers that are what was asked for or an error that says why. */
import { createClient } from "../src/api/client/index.ts";
import type { Client } from "../src/api/client/index.ts";
import { logIn } from "../src/api/index.ts";
import type { ProblemDetails } from "../src/api/index.ts";

type Answer<T> = { data?: T; error?: ProblemDetails };

/** What came; throws the refusal's own sentence. */
export function taken<T>(answer: Answer<T>): T {
  if (answer.data === undefined) {
    throw new Error(answer.error?.detail ?? "The server did not answer.");
  }
  return answer.data;
}

/** Name and password for a client with a token of its own. */
export async function openSession(baseUrl: string, name: string, password: string): Promise<Client> {
  const anonymous = createClient({ baseUrl });
  const given = taken(await logIn({ client: anonymous, body: { name, password } }));
  return createClient({
    baseUrl,
    auth: (scheme) => (scheme.in === "cookie" ? undefined : `Token ${given.token}`),
  });
}
