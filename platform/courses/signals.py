"""What other parts may want to know of courses."""

from django.dispatch import Signal

# Somebody enrolled a person, or changed the person's role, section or part. Sent with course, by, person, detail.
part_changed = Signal()
