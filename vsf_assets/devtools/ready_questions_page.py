"""Writes the ready questions into docs/analysts.md.

Here: their Markdown, between two marks of the page. Not here: the questions (ready_questions/sql), and the rest of the
page, which is written by hand. `make generated` writes it.
"""

import textwrap

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.ready_questions.question_files import ReadyQuestion, literal, ready_questions

PAGE = PROJECT_ROOT / "docs" / "analysts.md"
BEGIN = "<!-- ready questions: written by `make generated` from vsf_assets/ready_questions/sql -->"
END = "<!-- end of ready questions -->"

_WIDTH = 120


def current_page() -> str:
    """Return the page with the questions as they are now; raises ValueError where a mark is missing."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no marks for the ready questions")
    return f"{before}{BEGIN}\n\n{_sections()}\n{END}{after}"


def _sections() -> str:
    texts = []
    for subject in dict.fromkeys(question.subject for question in ready_questions()):
        texts.append(f"## Questions about {subject}\n")
        texts += [_question(question) for question in ready_questions() if question.subject == subject]
    return "\n".join(texts)


def _question(question: ReadyQuestion) -> str:
    parts = [f"**{question.title}** {question.about}".strip()]
    chosen = [f"`{literal(p.default)}` ({p.about})" for p in question.parameters]
    if chosen:
        parts.append(f"To choose: {', '.join(chosen)}.")
    text = textwrap.fill(" ".join(parts), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{text}\n\n```sql\n{question.sql_with_defaults}```\n"
