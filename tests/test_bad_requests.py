"""A corpus of bad requests to the server: each is refused with 4xx and one message; and of odd ones that are valid."""

import gzip
import json
import time

import pytest
from readers import MEMORY, SECONDS
from small_model import CONFIG, NETWORK

from rnnlab.core.errors import UserError
from rnnlab.networks.network import build
from rnnlab.serving.exported import input_columns, input_limits
from rnnlab.serving.requests import read_rows
from rnnlab.serving.server import make_predictor

pytestmark = pytest.mark.promise(number=3)

COLUMNS = input_columns(CONFIG)  # Open[t-2] to Close[t]
PRICES = [2000.0, 2001.0, 2002.0, 2003.0, 2004.0, 2005.0]


def split(data, columns=COLUMNS, **others):
    return json.dumps({"dataframe_split": {"columns": columns, "data": data} | others}).encode()


def records(*rows):
    return json.dumps({"dataframe_records": rows}).encode()


def with_value(written):
    """A good request but for the second row's last open, as JSON writes it."""
    return split([PRICES, [*PRICES[:4], "HERE", 2005]]).replace(b'"HERE"', written.encode())


GOOD = dict(zip(COLUMNS, PRICES, strict=True))
PLACE = "row 1, column Open[t]: "
ALLOWED = " is not a number above 0, up to 3.4e+38"
FORMS = 'the body should be {"dataframe_split": '
VALUES = {
    "null": ("null", f"{PLACE}null{ALLOWED}"),
    "NaN": ("NaN", f"{PLACE}NaN{ALLOWED}"),
    "infinite": ("Infinity", f"{PLACE}Infinity{ALLOWED}"),
    "below infinity": ("-Infinity", f"{PLACE}-Infinity{ALLOWED}"),
    "beyond a double": ("1e999", f"{PLACE}Infinity{ALLOWED}"),
    "an integer beyond a double": ("1" + "0" * 400, f"{PLACE}1{'0' * 199} ...{ALLOWED}"),
    "an integer beyond reading": ("1" * 5000, "the body is not JSON: Exceeds the limit (4300 digits)"),
    "huge": ("1e308", f"{PLACE}1e+308{ALLOWED}"),
    "zero": ("0", f"{PLACE}0{ALLOWED}"),
    "negative": ("-1.5", f"{PLACE}-1.5{ALLOWED}"),
    "next to nothing": ("1e-320", f"{PLACE}1e-320{ALLOWED}"),
    "words": ('"high"', f'{PLACE}"high"{ALLOWED}'),
    "a number in quotes": ('"2004"', f'{PLACE}"2004"{ALLOWED}'),
    "a text of 100 KB": ('"' + "a" * 10**5 + '"', f'{PLACE}"{"a" * 199} ...{ALLOWED}'),
    "true": ("true", f"{PLACE}true{ALLOWED}"),
    "a list": ("[2004]", f"{PLACE}a list{ALLOWED}"),
    "an object": ("{}", f"{PLACE}a dict{ALLOWED}"),
    "a list in a list in ...": ("[" * 900 + "]" * 900, f"{PLACE}a list{ALLOWED}"),
}
TABLES = {
    "no rows": (split([]), "0 rows: 1 to 1000 are allowed"),
    "no records": (records(), "0 rows: 1 to 1000 are allowed"),
    "too many rows": (split([PRICES] * 1001), "1001 rows: 1 to 1000 are allowed"),
    "a row too short": (split([PRICES, PRICES[:5]]), "row 1: holds 5 values, and there are 6 columns"),
    "a row too long": (split([[*PRICES, 1]]), "row 0: holds 7 values, and there are 6 columns"),
    "an empty record": (records({}), "row 0: Open[t-2] is missing; the inputs are Open[t-2], Close[t-2]"),
    "a column missing": (split([PRICES[:5]], COLUMNS[:5]), "row 0: Close[t] is missing; the inputs are Open[t-2],"),
    "a column missing in a record": (records(GOOD, {"Open[t]": 1}), "row 1: Open[t-2] is missing"),
    "a column too many": (split([[*PRICES, 1]], [*COLUMNS, "High[t]"]), "row 0: 'High[t]' is no input; the inputs are"),
    "another case": (split([PRICES], [name.lower() for name in COLUMNS]), "row 0: Open[t-2] is missing"),
    "a column twice": (split([[*PRICES, 1]], [*COLUMNS, "Open[t]"]), "columns: 'Open[t]' is given twice"),
    "columns of numbers": (split([PRICES], [1, 2, 3, 4, 5, 6]), "dataframe_split.columns.0: Input should be a valid"),
    "data of numbers": (split(PRICES), "dataframe_split.data.0: Input should be a valid list"),
    "data of objects": (split([GOOD]), "dataframe_split.data.0: Input should be a valid list"),
    "no data": (b'{"dataframe_split": {"columns": []}}', "dataframe_split.data: Field required"),
    "no columns": (b'{"dataframe_split": {"data": [[1]]}}', "dataframe_split.columns: Field required"),
    "records of lists": (records(PRICES), "dataframe_records.0: Input should be a valid dictionary"),
    "records in an object": (b'{"dataframe_records": {}}', "dataframe_records: Input should be a valid list"),
}
BODIES = {
    "nothing": (b"", "the body is not JSON: Expecting value"),
    "no JSON": (b"no json", "the body is not JSON: Expecting value: line 1 column 1"),
    "half of it": (split([PRICES])[:50], "the body is not JSON: "),
    "two of them": (split([PRICES]) * 2, "the body is not JSON: Extra data"),
    "garbage": (bytes(range(128, 256)), "the body is not JSON: 'utf-8' codec can't decode"),
    "NUL bytes": (b"\0" * 999, "the body is not JSON: "),
    "gzip": (gzip.compress(split([PRICES]), mtime=0), "the body is not JSON: 'utf-8' codec can't decode"),
    "CSV": (b"Open[t],Close[t]\n1,2\n", "the body is not JSON: Expecting value"),
    "deep": (b"[" * 10**5, "the body is not JSON: maximum recursion depth exceeded"),
    "deep objects": (b'{"a":' * 10**5, "the body is not JSON: maximum recursion depth exceeded"),
    "a key twice": (
        b'{"dataframe_records": [], "dataframe_records": []}',
        "the key 'dataframe_records' is given twice",
    ),
    "a column twice": (b'{"dataframe_records": [{"Open[t]": 1, "Open[t]": 2}]}', "the key 'Open[t]' is given twice"),
    "a key twice among many": (
        json.dumps(dict.fromkeys(map(str, range(60_000)))).encode()[:-1] + b', "59999": 0}',
        "the key '59999' is given twice in one object",
    ),
    "numbers for rows, many": (split([1] * 340_000), "dataframe_split.data.0: Input should be a valid list"),
    "an empty object": (b"{}", FORMS),
    "a list": (b"[1]", FORMS),
    "a number": (b"1", FORMS),
    "null": (b"null", FORMS),
    "both forms": (split([PRICES])[:-1] + b"," + records(GOOD)[1:], FORMS),
    "no form": (b'{"dataframe_split": null}', "0 rows: 1 to 1000 are allowed"),
    "another form": (b'{"inputs": [[1, 2, 3, 4, 5, 6]]}', "inputs: Extra inputs are not permitted; the body should be"),
    "something besides": (split([PRICES])[:-1] + b', "params": {}}', "params: Extra inputs are not permitted"),
}
CORPUS = {name: (with_value(written), message) for name, (written, message) in VALUES.items()} | TABLES
CORPUS |= {f"body: {name}": case for name, case in BODIES.items()}
REQUESTS = {
    "another type": ({"Content_Type": "text/csv"}, 415, "Content-Type: text/csv can't be read; application/json can"),
    "a form": ({"Content_Type": "application/x-www-form-urlencoded"}, 415, "application/x-www-form-urlencoded can't"),
    "no type": ({"Content_Type": ""}, 415, "Content-Type: nothing can't be read"),
    "another method": ({"method": "PUT"}, 405, "PUT /invocations: there are POST /invocations and GET /ping"),
    "GET": ({"method": "GET"}, 405, "GET /invocations: there are POST /invocations and GET /ping"),
    "another address": ({"path": "/predict"}, 404, "POST /predict: there are POST /invocations and GET /ping"),
    "a slash too many": (
        {"path": "/invocations/"},
        404,
        "POST /invocations/: there are POST /invocations and GET /ping",
    ),
    "out of the folder": ({"path": "/../../etc/passwd"}, 404, "there are POST /invocations"),
}


def refusal(server, *arguments, **request):
    """Status and message of a refusal, in time, after which a good request is answered as ever."""
    started = time.monotonic()
    status, content = server.ask(*arguments, **request)
    assert time.monotonic() - started < SECONDS
    assert set(content) == {"error_code", "message"}
    assert len(content["message"]) < 1000
    assert "Traceback" not in content["message"]
    assert server.process.memory_info().rss < MEMORY
    assert server.ask(split([PRICES]))[0] == 200
    return status, content["message"]


@pytest.mark.parametrize(("body", "message"), CORPUS.values(), ids=CORPUS)
def test_a_bad_body(server, body, message):
    status, said = refusal(server, body)
    assert status == 400
    assert message in said


@pytest.mark.parametrize(("request_", "status", "message"), REQUESTS.values(), ids=REQUESTS)
def test_a_bad_request(server, request_, status, message):
    found, said = refusal(server, split([PRICES]), **request_)
    assert found == status
    assert message in said


def test_a_body_of_50_mb(server):
    status, said = refusal(server, b"9" * 50_000_000)
    assert (status, said) == (413, "the body has 50000000 bytes; up to 1048576 are allowed")


ODD = {
    "records": records(GOOD),
    "records in another order": records(dict(reversed(GOOD.items()))),
    "columns in another order": split([PRICES[::-1]], COLUMNS[::-1]),
    "integers": split([[2000, 2001, 2002, 2003, 2004, 2005]]),
    "exponents": split([PRICES]).replace(b"2000.0", b"2.0e3"),
    "white space": b"\r\n\t " + split([PRICES]).replace(b",", b" ,\n ") + b"  \n",
    "an index, as pandas writes it": split([PRICES], index=[7]),
    "a byte order mark": b"\xef\xbb\xbf" + split([PRICES]),
    "UTF-16": split([PRICES]).decode().encode("utf-16"),
    "escapes": split([PRICES]).replace(b"Open", b"\\u004fpen"),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_request_that_is_valid(body):
    assert read_rows(body, input_limits(CONFIG)) == [PRICES]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=1"])
def test_an_odd_content_type(server, kind):
    assert server.ask(split([PRICES]), Content_Type=kind)[0] == 200


def test_a_volume_may_be_zero_or_below():
    config = CONFIG | {"scaler": CONFIG["scaler"] | {"columns": ["Volume", "Close"]}}
    row = [0.0, 1.0, -1.0, 1.0, 0.0, 1.0]
    assert read_rows(split([row], input_columns(config)), input_limits(config)) == [row]


def test_a_forecast_that_is_no_number():
    narrow = CONFIG["scaler"] | {"minimum": [0.0, 0.0], "maximum": [1e-300, 1e-300]}
    predict = make_predictor({0: build(NETWORK)}, CONFIG | {"scaler": narrow})
    with pytest.raises(UserError, match="row 0: the forecast is no finite number"):
        predict(split([[1e38] * 6]))


@pytest.mark.parametrize(
    ("value", "message"), [(16.5, "16.5 is not a number from 0 to 16"), (-1, "-1 is not a number")]
)
def test_a_pixel_outside_its_range(value, message):
    config = {"track": "digits", "network": {"length": 1, "input_size": 2}, "scaler": {"maximum": 16}}
    with pytest.raises(UserError) as error:
        read_rows(split([[0, value]], ["pixel_0_0", "pixel_0_1"]), input_limits(config))
    assert f"row 0, column pixel_0_1: {message}" in str(error.value)
