"""The operator's file: what it may say, and what is said about a broken one."""

import json
import sys
from pathlib import Path

import pytest

from discovery.mcp.config import BrokenConfig, McpConfig, read_config


def read(tmp_path: Path, content: object) -> McpConfig:
    file = tmp_path / "mcp.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_config(file)


def problem(tmp_path: Path, entry: object, key: str = "crm") -> str:
    config = read(tmp_path, {"mcpServers": {key: entry, "fine": {"command": "python"}}})
    assert list(config.servers) == ["fine"]
    return config.problems[key]


def test_no_file_means_no_servers(tmp_path: Path) -> None:
    assert read_config(tmp_path / "mcp.json") == McpConfig({}, {})


def test_one_server_alone_can_be_asked_for(tmp_path: Path) -> None:
    whole = read(tmp_path, {"mcpServers": {"a": {"command": "a"}, "b": {"command": "b"}, "c": {}}})
    alone = read_config(tmp_path / "mcp.json", only="b")
    assert (alone.servers, alone.problems) == ({"b": whole.servers["b"]}, whole.problems)
    assert read_config(tmp_path / "mcp.json", only="c").servers == {}


def test_python_is_the_interpreter_that_runs_this(tmp_path: Path) -> None:
    server = read(
        tmp_path, {"mcpServers": {"a": {"command": "python", "args": ["-m", "x"]}}}
    ).servers["a"]
    assert (server.command, server.args, server.cwd) == (sys.executable, ("-m", "x"), str(tmp_path))


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    entry = {"command": "./bin/server", "cwd": "data"}
    server = read(tmp_path, {"mcpServers": {"a": entry}}).servers["a"]
    assert (server.command, server.cwd) == (str(tmp_path / "bin/server"), str(tmp_path / "data"))


def test_commands_beside_the_interpreter_are_found(tmp_path: Path) -> None:
    server = read(tmp_path, {"mcpServers": {"a": {"command": "mcp-server-time"}}}).servers["a"]
    assert server.command == str(Path(sys.executable).parent / "mcp-server-time")


def test_nothing_in_a_command_is_expanded(tmp_path: Path) -> None:
    entry = {"command": "python", "args": ["$HOME", "${PATH}", "*", "; ls"]}
    server = read(tmp_path, {"mcpServers": {"a": entry}}).servers["a"]
    assert server.args == ("$HOME", "${PATH}", "*", "; ls")


def test_secrets_of_the_environment_are_not_in_the_repr(tmp_path: Path) -> None:
    config = read(tmp_path, {"mcpServers": {"a": {"command": "python", "env": {"KEY": "s3cr3t"}}}})
    assert config.servers["a"].env == {"KEY": "s3cr3t"}
    assert "s3cr3t" not in repr(config)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "{",
            "mcp.json: Not JSON: Expecting property name enclosed in double quotes at line 1, column 2.",
        ),
        ('{"mcpServers": {"a": {}, "a": {}}}', "mcp.json: The key 'a' stands twice in one object."),
        ("[]", 'mcp.json: expected an object with "mcpServers", an object of servers by id.'),
        (
            '{"servers": {}}',
            'mcp.json: expected an object with "mcpServers", an object of servers by id.',
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    tmp_path: Path, content: str, sentence: str
) -> None:
    with pytest.raises(BrokenConfig) as caught:
        read(tmp_path, content)
    assert str(caught.value) == sentence


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenConfig, match="can't be read"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "mcp.json, mcpServers.crm: command: Field required."),
        (
            "python",
            "mcp.json, mcpServers.crm: Input should be a valid dictionary or instance of _Entry.",
        ),
        (
            {"command": "python", "shell": True},
            "mcp.json, mcpServers.crm: shell: Extra inputs are not permitted.",
        ),
        (
            {"command": "python", "args": "-m x"},
            "mcp.json, mcpServers.crm: args: Input should be a valid list.",
        ),
    ],
)
def test_a_broken_entry_leaves_the_others_usable(
    tmp_path: Path, entry: object, sentence: str
) -> None:
    assert problem(tmp_path, entry) == sentence


def test_a_broken_entry_does_not_show_its_secrets(tmp_path: Path) -> None:
    assert "s3cr3t" not in problem(tmp_path, {"command": "python", "env": {"KEY": ["s3cr3t"]}})


def test_http_servers_do_not_stand_in_the_file(tmp_path: Path) -> None:
    assert "over the API or the admin" in problem(tmp_path, {"url": "https://mcp.example.org"})


@pytest.mark.parametrize("key", ["native", "1st", "a b", "a:b", "a\n", "x" * 101])
def test_ids_that_tools_could_not_carry_are_refused(tmp_path: Path, key: str) -> None:
    assert problem(tmp_path, {"command": "python"}, key)


def test_the_default_file_brings_time_and_a_git_that_only_reads() -> None:
    config = read_config(Path(__file__).parents[2] / "mcp.json")
    assert list(config.servers) == ["time", "git"]
    allowed = config.servers["git"].allowed_tools or frozenset()
    assert "git_log" in allowed
    assert not allowed & {"git_commit", "git_add", "git_reset", "git_checkout", "git_create_branch"}
