"""Pictures in questions: what a file must be, how a text names one, where a course keeps them.

A stored text names a picture by its content, `![the loss](picture:0f3c…)`; the address at which one may look at it
depends on who asks, and is put in last (`located`). What comes from outside may use other names: they are changed into
stored ones when it is read.
"""

from quizzes.pictures.bank import forget_unused, keep, missing, pictures_of
from quizzes.pictures.files import ACCEPTED, MAX_BYTES, MAX_PIXELS, BadPicture, PictureFile, read_picture
from quizzes.pictures.texts import is_stored, labels_in, located, names_in, problems_of, renamed

__all__ = [
    "ACCEPTED",
    "MAX_BYTES",
    "MAX_PIXELS",
    "BadPicture",
    "PictureFile",
    "forget_unused",
    "is_stored",
    "keep",
    "labels_in",
    "located",
    "missing",
    "names_in",
    "pictures_of",
    "problems_of",
    "read_picture",
    "renamed",
]
