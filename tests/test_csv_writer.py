import numpy as np
import pandas as pd
import pytest

from rnnlab.core.csv_writer import columns_of, write_table


def read(path):
    return path.read_text(encoding="utf-8")


def test_tables_stand_one_below_the_other_and_scalars_in_each_row(tmp_path):
    write_table(tmp_path / "a.csv", [{"n": [1, 2], "part": "train"}, {"n": [3], "part": "test"}])
    assert read(tmp_path / "a.csv") == "n,part\n1,train\n2,train\n3,test\n"


def test_real_numbers_are_written_as_asked_and_missing_ones_are_empty(tmp_path):
    write_table(tmp_path / "a.csv", [{"x": [0.5, np.nan], "y": [None, 1 / 3]}], "%.3g")
    assert read(tmp_path / "a.csv") == "x,y\n0.5,\n,0.333\n"


@pytest.mark.parametrize("text", ["2024-01-31", "2024-01-31 09:30:00", "2024-01-31 09:30:00.250000"])
def test_dates_are_no_finer_than_they_are(tmp_path, text):
    write_table(tmp_path / "a.csv", [{"date": np.array([text], "M8[ns]")}])
    assert read(tmp_path / "a.csv") == f"date\n{text}\n"


def test_pandas_writes_the_same(tmp_path):
    dates = pd.date_range("2024-01-31 09:00", periods=3, freq="h").to_numpy()
    table = {"date": dates, "symbol": ["a,b", 'say "x"', "NA"], "y": [-1e-9, 1e20, 2.5]}
    write_table(tmp_path / "a.csv", [table])
    assert read(tmp_path / "a.csv") == pd.DataFrame(table).to_csv(index=False, float_format="%.6f")


def test_rows_become_columns():
    assert columns_of([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]) == {"a": [1, 2], "b": ["x", "y"]}
