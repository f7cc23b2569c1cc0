"""Grading workers: they know no Django, no database and no part of the site but `workers.jobs`."""
