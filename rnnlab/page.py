"""The page that shows the leaderboard and the pictures, readable from the file system with no network."""

from collections.abc import Mapping, Sequence

from jinja2 import Environment

from rnnlab.leaderboard import Board, to_rows

TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rnnlab: results</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; white-space: nowrap; }
  th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #8884; }
  th:first-child, td:first-child { text-align: left; }
  img { max-width: 100%; height: auto; background: white; }
  figure { margin: 1rem 0; }
</style>
<h1>rnnlab: results</h1>
{% for track, table in tables.items() %}
<h2>{{ track }}</h2>
<div class="wide" tabindex="0"><table>
  <tr>{% for heading in table[0] %}<th scope="col">{{ heading or "model" }}</th>{% endfor %}</tr>
  {% for row in table[1:] %}
  <tr><th scope="row">{{ row[0] }}</th>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
  {% endfor %}
</table></div>
<p>Best first; mean ± standard deviation over seeds; rows without ± are baselines, or models of one seed.</p>
{% endfor %}
{% for model, names in pictures.items() %}
<h2>{{ model }}</h2>
{% for name in names %}
<figure><img src="{{ model }}/{{ name }}.png" alt="{{ model }}: {{ name.replace('_', ' ') }}" loading="lazy"></figure>
{% endfor %}
{% endfor %}
</html>
"""


def render(board: Board, pictures: Mapping[str, Sequence[str]]) -> str:
    """The page's HTML; ``pictures`` are, by model, names of PNG files in the model's folder."""
    tables = {track: to_rows(track, entries) for track, entries in board.items()}
    return Environment(autoescape=True, trim_blocks=True).from_string(TEMPLATE).render(tables=tables, pictures=pictures)
