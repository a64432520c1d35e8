"""A lecture as one page of HTML that carries all it shows: it needs neither network nor server.

What was written in files is text and never markup. The page may load nothing, by its own policy.
"""

import base64
import json
from html import escape
from string import Template

from diffview.story.equation_table import EQUATIONS
from diffview.story.handout import INK, Handout, HandoutChapter, HandoutFigure
from diffview.story.typeset import svg

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

STYLE = f"""
body {{ font: 17px/1.5 system-ui, sans-serif; color: {INK["text"]}; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1.2rem; }}
h1 {{ font-size: 2rem; }} h2 {{ margin: 3.5rem 0 .3rem; font-size: 1.45rem; }}
h2 .number {{ color: {INK["dim"]}; font-weight: 400; margin-right: .6rem; }}
.lead {{ font-size: 1.15rem; }} .note, figcaption, .meaning {{ color: {INK["dim"]}; font-size: .9rem; }}
.equation {{ margin: 1.1rem 0 .2rem; overflow-x: auto; }} .equation svg {{ max-width: 100%; height: auto; }}
.figures {{ display: flex; flex-wrap: wrap; gap: 1.2rem; align-items: flex-start; margin-top: 1rem; }}
figure {{ margin: 0; flex: 1 1 24rem; min-width: 0; max-width: 40rem; }}
figure img, figure svg {{ width: 100%; height: auto; display: block; }}
input[type=range] {{ width: 100%; accent-color: {INK["forward"]}; }}
nav ol {{ columns: 2; padding-left: 1.4rem; }} nav a {{ color: {INK["reverse"]}; text-decoration: none; }}
@media (max-width: 40rem) {{ nav ol {{ columns: 1; }} }}
@media print {{ h2 {{ break-before: page; }} nav, input {{ display: none; }} }}
"""

SCRIPT = """
for (const figure of document.querySelectorAll("figure.slider")) {
  const frames = JSON.parse(figure.querySelector("script").textContent);
  const image = figure.querySelector("img"), range = figure.querySelector("input");
  const words = figure.querySelector("output");
  range.addEventListener("input", () => {
    image.src = frames[range.value].src;
    words.textContent = image.alt = frames[range.value].words;
  });
}
"""

PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="$policy">
<style>$style</style></head><body>
<h1>$title</h1>
<nav><ol>$contents</ol></nav>
$chapters
<p class="note">Made by diffview; every picture was computed, none was drawn.</p>
<script>$script</script></body></html>
""")


def page_of(handout: Handout) -> str:
    """The page."""
    contents = "".join(
        f'<li><a href="#chapter-{i}">{escape(chapter.title)}</a></li>' for i, chapter in enumerate(handout.chapters, 1)
    )
    chapters = "\n".join(_section(i, chapter) for i, chapter in enumerate(handout.chapters, 1))
    return PAGE.substitute(
        title=escape(handout.title), policy=POLICY, style=STYLE, script=SCRIPT, contents=contents, chapters=chapters
    )


def _section(number: int, chapter: HandoutChapter) -> str:
    first, *others = chapter.sentences
    parts = [
        f'<section id="chapter-{number}"><h2><span class="number">{number}</span>{escape(chapter.title)}</h2>',
        f'<p class="lead">{escape(first)}</p>',
    ]
    if (equation := EQUATIONS.get(chapter.equation)) is not None:
        parts.append(f'<div class="equation">{svg(chapter.equation, INK, size=30.0)}</div>')
        parts.append(f'<p class="meaning">{escape(equation.meaning)}</p>')
    parts.append(f'<div class="figures">{"".join(map(_figure, chapter.figures))}</div>')
    parts += [f"<p>{escape(sentence)}</p>" for sentence in others]
    parts += [f'<p class="note">{escape(note)}</p>' for note in chapter.notes]
    return "".join([*parts, "</section>"])


def _figure(figure: HandoutFigure) -> str:
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>"
    if figure.plot:
        return f"<figure>{figure.plot}{caption}</figure>"
    alt = escape(figure.words[0] if figure.words else figure.caption)
    image = f'<img src="{_uri(figure.pictures[0])}" alt="{alt}">'
    if len(figure.pictures) == 1:
        return f"<figure>{image}{caption}</figure>"
    frames = [{"src": _uri(one), "words": words} for one, words in zip(figure.pictures, figure.words, strict=True)]
    table = json.dumps(frames).replace("<", "\\u003c")  # a text cannot end the script that holds it
    return (
        f'<figure class="slider">{image}<input type="range" min="0" max="{len(frames) - 1}" value="0" '
        f'aria-label="{escape(figure.moved)}"><output>{alt}</output>'
        f'<script type="application/json">{table}</script>{caption}</figure>'
    )


def _uri(picture: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"
