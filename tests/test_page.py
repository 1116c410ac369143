import base64
import struct

from rnnlab.reporting.page import Fold, Picture, Section, Table, Text, render

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 70, 40)
PICTURE = Picture(PNG, alt="a price & another", caption="Prices")


def page(*blocks):
    return render("Results", ["None beats <persistence>."], [Section("Is it different?", blocks)])


def test_the_verdict_comes_before_all_sections_and_is_escaped():
    html = page(Text("text"))
    assert html.index("None beats &lt;persistence&gt;.") < html.index("<main>")
    assert '<a href="#is-it-different">' in html
    assert '<h2 id="is-it-different">' in html


def test_pictures_lie_in_the_page_with_their_size_and_what_they_show():
    html = page(PICTURE, Fold("more", [PICTURE]))
    content = base64.b64encode(PNG).decode()
    shown = f'<img src="data:image/png;base64,{content}" alt="a price &amp; another" width="70" height="40">'
    assert html.count(shown) == 2
    assert "<details><summary>more</summary>" in html


def test_tables_have_headers_and_mark_baselines():
    html = page(Table("caption", ["model", "RMSE"], [["gru", "1"], ["naive", "2"]], frozenset({"naive"})))
    assert '<th scope="col">RMSE</th>' in html
    assert '<p class="caption" id="table-1-1">caption</p>' in html
    assert '<table aria-labelledby="table-1-1">' in html
    assert '<tr><th scope="row">gru</th><td>1</td></tr>' in html
    assert '<tr class="simple"><th scope="row">naive</th>' in html


def test_nothing_is_fetched():
    assert "http" not in page(PICTURE, Text("text"))
