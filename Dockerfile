# One image for web, Celery and worker; docker-compose.yml says which command each runs.
FROM python:3.11-slim

# git: the default MCP server of that name.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

RUN useradd --create-home --uid 10001 app && install -d -o app -g app /app/var
COPY . .
USER app
RUN python manage.py collectstatic --noinput

EXPOSE 8000
CMD ["uvicorn", "workflowsite.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off"]
