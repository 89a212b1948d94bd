"""credis shard: keys lie where txredisapi puts them, the list below being its answers."""

import pytest

from harness.command import Credis

NODES = ['redis-a:7000', 'redis-b:7000', 'redis-c:7000']
KEYS = [
    ('a', 1),
    ('0', 2),
    ('{}', 1),
    ('{tag}:{other}', 1),
    ('x{}y', 2),
    ('x}tag{', 2),
    ('x{a}{b}', 2),
    ('x{a}b{c', 1),
    ('a{b{c}d}e', 2),
    ('u{user:1000}.followers', 1),
    ('鍵', 1),
    ('x{鍵}y', 1),
    ('x{é}', 1),
    ('credis:{lick}:AZ', 0),
    ('credis:keck:AZ', 0),
    ('credis:{}:AZ', 2),
    ('credis:keck}:AZ', 1),
    ('credis:{K2}:EL', 0),
    ('redis-b:7000:0', 0),
    ('redis-c:7000:7', 0),
    ('probe:3799', 1),
    ('k34b9b5df', 0),
    ('k6d76b07e', 2),
    ('k95e761d1', 1),
    ('k4cbd87ad', 2),
    ('kb2f14c94', 1),
]


@pytest.fixture
def alone():
    """credis with no store anywhere."""
    credis = Credis("unix:///nowhere/redis.sock")
    yield credis
    credis.close()


def nodes():
    return [word for node in NODES for word in ("--node", f"redis://:secret@{node}")]


def test_keys_lie_where_txredisapi_puts_them(alone):
    result = alone("shard", *nodes(), *(key for key, _ in KEYS))
    assert result.status == 0, result
    assert result.lines == [f"redis://{NODES[node]}/0" for _, node in KEYS]


def test_json_names_key_and_node(alone):
    key, node = KEYS[0]
    assert alone("shard", "--json", *nodes(), key).json == {"key": key, "node": f"redis://{NODES[node]}/0"}


def test_shard_without_nodes_says_what_is_missing(alone):
    result = alone("shard", "x")
    assert result.status == 2
    assert result.error == "shard needs --node URL, once for each server, in order"
