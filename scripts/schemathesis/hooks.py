"""What a schema cannot say of parameters: which of them exclude each other, and values that only a
server knows. A case that is meant to be right is made right here; nothing is excused."""

import datetime

import schemathesis
from hypothesis import strategies as st

DAY_SECS = 86_400
UNIT_SECS = {"s": 1, "m": 60, "h": 3600, "d": DAY_SECS, "w": 7 * DAY_SECS}
EVENT = '{"sessionId": "s", "eventId": "e", "eventType": "PLAY", "timestamp": 1795392460000}'

schemathesis.openapi.format("timezone", st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
# None but a server makes them; an empty one is none.
schemathesis.openapi.format("cursor", st.just(""))


@schemathesis.hook
def map_case(context, case):
    """Makes a right case right all the way."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        if case.query:
            repair_query(case.query)
        if case.media_type == "text/plain":
            case.body = EVENT
        elif has_unstorable(case.body):
            case.body = {"events": []}
    return case


def repair_query(query):
    """Drops one of two parameters that exclude each other."""
    if query.get("last"):
        query.pop("from", None)
    if query.get("from") not in (None, "") and secs_of(query["from"]) >= secs_of(query.get("to")):
        query.pop("from")
    # Nothing ended before time began.
    if secs_of(query.get("to")) < DAY_SECS * 3660:
        query.pop("to", None)
    least = 0 if query.get("scale") == "log" else float("-inf")
    for name in ("min", "max"):
        if query.get(name) not in (None, "") and float(query[name]) <= least:
            query.pop(name)
        elif query.get(name) not in (None, "") and name == "min":
            least = float(query[name])
    if query.get("interval") and length_secs(query) > DAY_SECS * 3:
        query["interval"] = "1d"
        if length_secs(query) > DAY_SECS * 4000:
            query.pop("interval")
    if query.get("order") and "metric" in query:
        if query["order"].removeprefix("-").removeprefix("impact:") not in query["metric"]:
            query.pop("order")
    if str(query.get("order", "")).endswith("delta"):
        query["compare"] = "previous"


def secs_of(moment):
    """Since 1970; what is not given is now."""
    if moment in (None, ""):
        return datetime.datetime.now(datetime.timezone.utc).timestamp()
    if isinstance(moment, int):
        return moment / 1000
    # Python knows no leap seconds.
    text = moment.upper().replace(":60", ":59").replace("Z", "+00:00")
    year, rest = int(text[:4]), text[4:]
    # Nor years before the first; 2000 repeats every 400 years, as they do.
    shifts = 0 if year >= 1970 else 1 + (1970 - year) // 400
    try:
        shifted = datetime.datetime.fromisoformat(f"{year + 400 * shifts:04}{rest}")
    except ValueError:
        return 0
    return shifted.timestamp() - 400 * 365.2425 * DAY_SECS * shifts


def length_secs(query):
    last = query.get("last")
    if last:
        return int(last[:-1]) * UNIT_SECS[last[-1]]
    begin = query.get("from")
    return DAY_SECS if begin in (None, "") else secs_of(query.get("to")) - secs_of(begin)


def has_unstorable(value):
    """PostgreSQL keeps no NUL, and an event no number that is none; ids are bound in bytes."""
    if isinstance(value, dict):
        return any(has_unstorable(key) or has_unstorable(item) for key, item in value.items())
    if isinstance(value, list):
        return any(has_unstorable(item) for item in value)
    if isinstance(value, str):
        return "\0" in value or len(value.encode("utf-8", "surrogatepass")) > 200
    return isinstance(value, (int, float)) and abs(value) > 1e300
