"""Encodings of a few words above a table of numbers."""

import pytest

from rnnlab.core.errors import UserError
from rnnlab.data.encoding import find_encoding

ROWS = "".join(f"2020-01-{day:02},{day % 13},{day}\n" for day in range(1, 29))


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("cp1252", "Datum;Umsatz;Größe"),
        ("cp1252", "Año,Población"),
        ("cp1252", "Data,Preço,Função"),
        ("cp1252", "Dato,Pris (øre)"),
        ("cp1252", "Date,Prix\n2020-01-01,1\xa0257,64 €"),
        ("cp1252", "Date,Temp °C"),
        ("cp1250", "Data,Sprzedaż,Wartość"),
        ("cp1250", "Datum,Tržby,Počet"),
        ("cp1251", "Дата,Цена,Объём"),
        ("cp1251", "Date;Выручка"),
        ("cp949", "날짜,매출,메모"),
        ("shift_jis", "日付,売上"),
        ("gb18030", "日期,销售额"),
        ("big5", "日期,銷售額"),
    ],
)
def test_the_encoding_is_found_by_the_letters_of_a_header(encoding, header):
    assert find_encoding(f"{header}\n{ROWS}".encode(encoding), "a.csv") == encoding


def test_text_in_no_known_encoding_is_refused_with_the_key_that_says_it():
    with pytest.raises(UserError, match=r"can't be decoded; say how, as -S series\.read\.encoding=cp949"):
        find_encoding(f"Дата;Температура\n{ROWS}".encode("koi8-r"), "a.csv")
