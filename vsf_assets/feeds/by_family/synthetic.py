"""Feeds of made-up data: schemas, requests for files, and states of the requests.

Here: the declarations. Not here: the content of a schema (synthetic/model/schema.py), the contracts
(contracts/by_family/synthetic.py) and the fulfilment of a request (pipeline/synthetic_fulfilment.py).
"""

from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import REQUESTS
from vsf_assets.feeds.reading import Described, JsonLines

FAMILY = "synthetic"
SCHEMAS = "fake_schemas"
REQUEST_FEED = "fake_requests"
STATES = "fake_states"

_READER = "vsf_assets.synthetic.description_reader:portions"

FEEDS = (
    Feed(
        name=SCHEMAS,
        family=FAMILY,
        description="A schema of made-up files, in YAML or JSON; or the word that it is deleted.",
        tables=("raw.fake_schemas",),
        examples=(
            "people.schema.yaml",
            "people.schema.yml",
            "clicks.schema.json",
            "events.schema.yaml",
            "lines.schema.yaml",
        ),
        not_ours=("people.yaml", "schema.yaml", "people.schema.yaml.txt"),
        reading=Described("schema"),
        reader=_READER,
        names=(r"\.schema\.(ya?ml|json)$",),
        counts_once_by="delivery",
    ),
    Feed(
        name=REQUEST_FEED,
        family=FAMILY,
        description="A request for a made-up file: schema, rows, seed, owner.",
        tables=("raw.fake_requests",),
        examples=("people_1000.request.yaml", "people_1000.request.json", "clicks_1.request.yaml"),
        not_ours=("people.yaml", "request.yaml", "people.request.csv"),
        reading=Described("request"),
        reader=_READER,
        partitioning=REQUESTS,
        names=(r"\.request\.(ya?ml|json)$",),
        counts_once_by="delivery",
    ),
    Feed(
        name=STATES,
        family=FAMILY,
        description="What became of requests for made-up files, written by the platform.",
        tables=("raw.fake_states",),
        examples=("00000000001700000000-ready.state.jsonl",),
        not_ours=("state.jsonl", "00000000001700000000-ready.jsonl"),
        reading=JsonLines(),
        names=(r"\.state\.jsonl$",),
        is_written_by_platform=True,
    ),
)
