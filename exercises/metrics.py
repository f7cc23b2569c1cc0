"""Counters of this process; gauges are read from the database when /metrics is asked (see `config.health`)."""

from prometheus_client import Counter

GRADED = Counter("rendu_graded_total", "Reports recorded as grades", ["verdict"])
JUDGE_FAILED = Counter("rendu_judge_failed_total", "Runs given up after three attempts")
REFUSED = Counter("rendu_refused_messages_total", "Messages from graders that were not accepted", ["kind"])
DISPATCHED = Counter("rendu_dispatched_total", "Jobs put into the broker", ["queue"])
SWEPT = Counter("rendu_swept_total", "Runs brought back after their lease ended")
