"""docs/tasks.md agrees with itself: ten jobs, each with as many clicks or commands in its steps as in the table."""

from vsf_assets_tests.docs.job_page import jobs


def test_the_page_has_ten_jobs_and_counts_its_own_steps() -> None:
    found = jobs()
    assert len(found) == 10
    for job in found.values():
        steps = job.clicks if job.unit == "clicks" else job.commands
        assert len(steps) == job.most, job.title
