from rnnlab.reporting.page import Chart, Flow, Fold, Section, Table, Text, render, render_plots

CHART = Chart({"mark": "</script>"}, caption="a price & another")
SCRIPTS = "window.vegaEmbed = '</script>'"


def page(*blocks):
    return render("Results", [Text("None beats <persistence>.")], [Section("Is it different?", blocks)], SCRIPTS)


def test_the_verdict_comes_before_all_sections_and_is_escaped():
    html = page(Text("text"))
    assert html.index("None beats &lt;persistence&gt;.") < html.index("<main>")
    assert '<a href="#is-it-different">' in html
    assert '<h2 id="is-it-different">' in html


def test_a_chart_lies_in_the_page_with_what_it_shows_and_cannot_end_its_script():
    html = page(CHART, Fold("more", [CHART]))
    assert html.count('<script type="application/json">{"mark":"\\u003c/script>"}</script>') == 2
    assert html.count('aria-label="a price &amp; another."') == 2
    assert "<details><summary>more</summary>" in html
    assert "'<\\/script>'" in html


def test_tables_have_headers_and_mark_baselines():
    html = page(Table("caption", ["model", "RMSE"], [["gru", "1"], ["naive", "2"]], frozenset({"naive"})))
    assert '<th scope="col">RMSE</th>' in html
    assert '<p class="caption" id="table-1-1">caption.</p>' in html
    assert '<table aria-labelledby="table-1-1">' in html
    assert '<tr><th scope="row">gru</th><td>1</td></tr>' in html
    assert '<tr class="simple"><th scope="row">naive</th>' in html


def test_dates_are_not_broken_but_the_names_of_columns_may_be():
    html = page(Text("2008-10-14: `rnnlab try`"), Table("caption", ["ets_drift", "p.yaml"], []))
    assert '<p><span class="date">2008-10-14</span>: <code>rnnlab try</code></p>' in html
    assert '<th scope="col">ets_<wbr>drift</th><th scope="col">p.<wbr>yaml</th>' in html


def test_a_flow_names_its_boxes_in_order():
    html = page(Flow("gru", [("window", ["5 days"]), ("GRU", ["336 parameters", "gates: reset, update"])]))
    assert "<li><b>window</b><span>5 days</span></li><li><b>GRU</b><span>336 parameters</span>" in html


def test_nothing_is_fetched():
    assert "http" not in page(CHART, Text("text"))


def test_the_page_of_dvc_plots_keeps_the_places_that_dvc_fills():
    html = render_plots(SCRIPTS)
    assert "{plot_divs}" in html
    assert "window.vegaEmbed = '<\\/script>'" in html
