"""Which store credis talks to: -u, CREDIS_URL, credis.conf, credisd's own, and what is said when the
configuration is wrong or nobody is there."""

import pytest

from harness.command import Credis


def keyword_of(result):
    assert result.status == 0, result
    return result.value


@pytest.fixture
def conf(tmp_path):
    """conf(text): a credis.conf, as an environment."""
    def write(text):
        path = tmp_path / "credis.conf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return {"CREDIS_CONF": path}
    return write


def test_url_of_the_command_line_wins_over_all(credisd, cli, redis, conf):
    credisd()
    env = {"CREDIS_URL": "unix:///nowhere", **conf('store = { url = "unix:///nowhere-else"; };')}
    assert keyword_of(cli("show", "demo.POS", env=env)) == "3 mm"


def test_environment_wins_over_the_file(credisd, cli, redis, conf):
    credisd()
    env = {"CREDIS_URL": redis.url, **conf('store = { url = "unix:///nowhere"; };')}
    assert keyword_of(cli("show", "demo.POS", url="", env=env)) == "3 mm"


def test_file_names_store_and_namespace(credisd, cli, redis, conf):
    credisd(config_text=f'store = {{ url = "{redis.url}"; namespace = "lab"; }};')
    env = conf(f'store = {{ url = "{redis.url}"; namespace = "lab"; }};')
    assert keyword_of(cli("show", "demo.POS", url="", env=env)) == "3 mm"
    assert cli("show", "demo.POS").status == 5


@pytest.mark.parametrize("text", ["", 'store = { url = "embedded"; };'])
def test_the_store_of_credisd_is_found_by_its_socket(credisd, cli, redis, conf, tmp_path, text):
    credisd()
    run = tmp_path / "run"
    run.mkdir()
    (run / "redis.sock").symlink_to(redis.socket)
    env = {"RUNTIME_DIRECTORY": f"{run}:/elsewhere", **conf(text)}
    assert keyword_of(cli("show", "demo.POS", url="", env=env)) == "3 mm"


def test_the_local_redis_is_last(tmp_path):
    result = Credis("")("list", "-v", url="", env={"CREDIS_CONF": "", "RUNTIME_DIRECTORY": tmp_path})
    assert "redis://localhost:6379/0" in result.err


@pytest.mark.parametrize("text, fault", [
    ('store = { url = "unix:///x" };\nstor = 1;', ":2: unknown setting 'stor'; did you mean store?"),
    ('store = {\n  ulr = "unix:///x";\n};', ":2: unknown setting 'ulr'; did you mean url?"),
    ('store = { colour = 1; };', ":1: unknown setting 'colour'"),
    ('store = "unix:///x";', ":1: 'store' is not a group: { url = \"…\"; }"),
    ('store = { url = 5; };', ":1: 'url' is not text in quotes"),
    ('store = {\n\n', ":3: syntax error"),
    ('\n  @include "/etc"\n', ":2: @include is not allowed here"),
    ('@include "/etc/passwd"', ":1: @include is not allowed here"),
    (b"store = { \0 };", ": not a configuration: too long (65536 bytes are allowed) or binary"),
    (" " * 70000, ": not a configuration: too long (65536 bytes are allowed) or binary"),
])
def test_faults_of_the_file_are_named_with_their_line(conf, text, fault):
    env = conf(text)
    result = Credis("")("list", url="", env=env)
    assert (result.status, result.out) == (2, "")
    assert result.error == f"{env['CREDIS_CONF']}{fault}"


def test_a_file_that_was_named_must_be_there(tmp_path):
    result = Credis("")("list", url="", env={"CREDIS_CONF": tmp_path / "none"})
    assert (result.status, result.error) == (2, f"{tmp_path}/none: No such file or directory")


def test_a_directory_is_no_file(tmp_path):
    result = Credis("")("list", url="", env={"CREDIS_CONF": tmp_path})
    assert (result.status, result.error) == (2, f"{tmp_path}: Is a directory")


@pytest.mark.parametrize("url", ["embedded", "/a/path", "http://host", "redis://host/x", "unix://"])
def test_a_url_that_is_none_is_wrong_usage(url):
    result = Credis(url)("list")
    assert result.status == 2, result


VERBS = [["list"], ["list", "demo"], ["show", "demo.POS"], ["show", "demo.*", "demo.POS"],
         ["show", "--refresh", "demo.POS"], ["describe", "demo.POS"], ["modify", "demo.POS=1"],
         ["modify", "demo.POS=1", "demo.COUNT=2", "nowait"], ["monitor", "demo.POS"], ["wait", "$demo.POS > 1"],
         ["status"], ["status", "demo"]]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_without_a_store_every_verb_fails_at_once_and_names_the_url(words, tmp_path):
    url = f"unix://{tmp_path}/redis.sock"
    result = Credis(url)("-t", "50", *words, limit=10)
    assert result.status == 4, result
    assert url in result.error
    # one sentence, however many keywords
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_without_a_store_every_verb_says_so_in_json(words, tmp_path):
    result = Credis(f"unix://{tmp_path}/redis.sock")("--json", *words)
    assert (result.status, result.err) == (4, "")
    for error in result.objects:
        assert error["code"] == "unreachable" and "redis.sock" in error["error"]


def test_a_password_that_is_wrong_is_a_store_that_cannot_be_reached(redis_server):
    server = redis_server(password="secret")
    result = Credis(server.url.replace("secret", "wrong"))("list")
    assert result.status == 4 and "wrong" not in result.error, result


def test_a_store_that_takes_connections_but_does_not_answer_is_given_up_at_the_deadline(redis):
    redis.pause()
    result = Credis(redis.url)("-t", "300ms", "show", "demo.POS", limit=10)
    assert result.status == 4 and redis.url in result.error, result


def test_verbose_names_the_store_without_its_password(redis_server):
    server = redis_server(password="secret")
    result = Credis(server.url)("-v", "list")
    assert result.status == 0 and server.socket in result.err and "secret" not in result.err
