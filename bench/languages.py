"""The two languages: expressions against simpleeval and a closure, Liquid against two engines.

    uv run --group bench python -m bench languages

Each figure is the best of many short rounds; the engines take turns, so that what slows the machine
slows all. LiquidJS runs in node, in a process of its own, and measures itself the same way.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.rows import Row
from sluiceway.expressions import Scope, Sources, compile_expression
from sluiceway.expressions.template import _compile_expression
from sluiceway.liquid import parse

if TYPE_CHECKING:
    from collections.abc import Callable

LIQUIDJS = "liquidjs@10.30.1"
CACHE = Path(__file__).resolve().parent.parent / ".tools" / "bench" / "liquidjs"
SCRIPT = Path(__file__).with_name("_languages.mjs")
ROUNDS = 20

EXPRESSION = "functions.toLowerCase(context.user.email) ?? 'x'"
SIMPLEEVAL = "toLowerCase(context.user.email) or 'x'"
CONTEXT: Any = {"user": {"email": "Ana@Travel0.com", "name": "Ana"}}

DATA: Any = {
    "user": {
        "name": "Ana García",
        "email": "ana@travel0.com",
        "user_metadata": {"lang": "en", "plan": "gold"},
        "app_metadata": {"roles": ["admin", "editor", "viewer"]},
    },
    "application": {"name": "Travel0"},
    "friendly_name": "Travel0",
    "support_email": "help@travel0.com",
    "custom_vars": {
        "code": "012345",
        "expires": "2024-05-07T10:44:26.271Z",
        "order": {
            "id": 42,
            "lines": [
                {
                    "sku": f"SKU-{n}",
                    "title": f"Trip & stay {n}",
                    "count": n % 3 + 1,
                    "price": n * 7.5,
                }
                for n in range(1, 9)
            ],
        },
    },
}
_HEAD = """<!doctype html>
<html lang="{{ user.user_metadata.lang | default: 'en' }}">
<head><meta charset="utf-8"><title>{{ application.name | escape }}</title>
<style>
  body { margin: 0; font-family: system-ui, sans-serif; color: #1e212a; background: #f4f4f6 }
  .card { max-width: 560px; margin: 24px auto; padding: 32px; background: #fff; border-radius: 8px }
  .code { font-size: 28px; letter-spacing: 6px; font-weight: 600; text-align: center }
  table { width: 100%; border-collapse: collapse } td, th { padding: 8px; border-bottom: 1px solid }
  .muted { color: #65676e; font-size: 13px }
</style></head>
<body><div class="card">
"""
_BODY = """{% assign lang = user.user_metadata.lang | downcase %}
{% if lang == 'fr' %}<h1>Bonjour {{ user.name | escape }}</h1>
{% elsif lang == 'es' %}<h1>Hola {{ user.name | escape }}</h1>
{% else %}<h1>Hello {{ user.name | escape }}</h1>{% endif %}
<p>Use this code to finish signing in to {{ application.name | escape }}:</p>
<p class="code">{{ custom_vars.code }}</p>
<p class="muted">It expires on {{ custom_vars.expires | date: "%B %-d, %Y at %H:%M" }} and works
once. If you did not ask for it, write to <a href="mailto:{{ support_email }}">us</a>.</p>
<h2>Your order {{ custom_vars.order.id }}</h2>
<table><tr><th>#</th><th>Item</th><th>Count</th><th>Price</th></tr>
{% for line in custom_vars.order.lines %}
  <tr class="{% cycle 'even', 'odd' %}"><td>{{ forloop.index }}</td>
  <td>{{ line.title | escape }} <span class="muted">{{ line.sku | downcase }}</span></td>
  <td>{{ line.count }}</td><td>{{ line.price | times: line.count | round: 2 }} EUR</td></tr>
{% else %}<tr><td colspan="4">Nothing yet.</td></tr>
{% endfor %}
</table>
{% if user.app_metadata.roles contains 'admin' %}
<p>You are an administrator: {{ user.app_metadata.roles | join: ', ' }}.</p>
{% endif %}
{% unless user.user_metadata.plan == 'gold' %}<p>Ask us about the gold plan.</p>{% endunless %}
<p class="muted">{{ friendly_name | upcase }} &middot; {{ user.email | url_encode }} &middot;
<a href="https://travel0.example/stop?u={{ user.email | url_encode }}">stop these mails</a></p>
"""
_TAIL = """<h2>What comes next</h2>
<ul><li>Sign in with the code above and choose your seats, at least two days before you leave.</li>
<li>Have your passport and this number at hand: our people at the desk will ask for both.</li>
<li>Bags up to 23 kg are included. For skis, bicycles and instruments please call us first.</li>
<li>Plans change: until noon of the day before you can cancel, and we pay back what you paid.</li>
</ul>
<p class="muted">You get this message because you have an account with us. Please do not
answer it: nobody reads this mailbox. Travel0, 1 Harbour Street, 00100 Anywhere.</p>
</div></body></html>
"""
TEMPLATE = _HEAD + _BODY + _TAIL


def best(*runs: Callable[[], object], times: int) -> list[float]:
    """Return the best microseconds of each of *runs*, which take turns."""
    found = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for number, run in enumerate(runs):
            begin = time.perf_counter()
            for _ in range(times):
                run()
            found[number] = min(found[number], (time.perf_counter() - begin) / times * 1e6)
    return found


def expressions() -> list[Row]:
    """Compare one expression, cached and not."""
    from simpleeval import SimpleEval

    chance = random.Random(1)
    scope = Scope(
        sources=Sources(now=datetime.now(UTC), random=chance, new_uuid=lambda: ""), context=CONTEXT
    )
    simple = SimpleEval(functions={"toLowerCase": str.lower}, names={"context": CONTEXT})
    tree = simple.parse(SIMPLEEVAL)

    def closure(context: Any) -> Any:
        value = context.get("user", {}).get("email")
        return value.lower() if value is not None else "x"

    def whole() -> object:
        return compile_expression(EXPRESSION).resolve(scope)

    assert whole() == closure(CONTEXT) == simple.eval(SIMPLEEVAL, tree)
    ours, afresh, theirs, theirs_afresh, bare = best(
        whole,
        lambda: _compile_expression(EXPRESSION).resolve(scope),
        lambda: simple.eval(SIMPLEEVAL, tree),
        lambda: simple.eval(SIMPLEEVAL),
        lambda: closure(CONTEXT),
        times=500,
    )
    return [
        Row(
            what="expression, cached",
            measured=f"{ours:.2f} µs: {theirs / ours:.0f} times faster than simpleeval "
            f"({theirs:.1f} µs, parsed before), {ours / bare:.1f} times a bare Python closure",
            target="at most 2 µs",
            is_met=ours <= 2,
            note=f"`{EXPRESSION}`, with its look-up in the cache, resolved to JSON",
        ),
        Row(
            what="expression, compiled each time",
            measured=f"{afresh:.0f} µs (simpleeval {theirs_afresh:.0f} µs)",
        ),
    ]


def liquidjs() -> dict[str, Any] | str:
    """Return LiquidJS' text and figures, or why there are none."""
    folder = Path(sys.executable).parent
    node, npm = (shutil.which(name, path=str(folder)) for name in ("node", "npm"))
    if node is None or npm is None:
        return "no node"
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / "node_modules" / "liquidjs").exists():
        arguments = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(CACHE), LIQUIDJS]
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        made = subprocess.run(arguments, capture_output=True, env=environment, check=False)
        if made.returncode:
            return "npm could not install it"
    asked = json.dumps({"template": TEMPLATE, "data": DATA})
    answer = subprocess.run(
        [node, str(SCRIPT)], input=asked, capture_output=True, text=True, cwd=CACHE, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def liquid() -> list[Row]:
    """Compare an email: parsed, and rendered."""
    from liquid import Environment

    stock = Environment()
    theirs = stock.from_string(TEMPLATE)
    ours = parse(TEMPLATE)
    js = liquidjs()
    text = ours.render(DATA)
    assert theirs.render(**DATA).count("<tr") == text.count("<tr")
    assert isinstance(js, str) or js["text"] == text
    parsed, stock_parsed, rendered, stock_rendered = best(
        lambda: parse(TEMPLATE),
        lambda: stock.from_string(TEMPLATE),
        lambda: ours.render(DATA),
        lambda: theirs.render(**DATA),
        times=5,
    )

    def compare(mine: float, stock: float, key: str) -> str:
        shown = f"{mine:.0f} µs: {mine / stock:.2f} times stock python-liquid ({stock:.0f} µs)"
        if isinstance(js, str):
            return f"{shown}; LiquidJS: {js}"
        return f"{shown}, {mine / js[key]:.1f} times LiquidJS ({js[key]:.0f} µs)"

    size = len(TEMPLATE) / 1000
    return [
        Row(
            what=f"{size:.1f} kB email, rendered from the cache",
            measured=compare(rendered, stock_rendered, "render"),
            target="at most 1.5 times stock python-liquid",
            is_met=rendered <= 1.5 * stock_rendered,
            note="with all limits on; stock python-liquid has none by default",
        ),
        Row(
            what=f"{size:.1f} kB email, parsed",
            measured=compare(parsed, stock_parsed, "parse"),
            target="at most 2 times stock python-liquid",
            is_met=parsed <= 2 * stock_parsed,
        ),
    ]


def run() -> list[Row]:
    """Return the rows of both languages."""
    return [*expressions(), *liquid()]
