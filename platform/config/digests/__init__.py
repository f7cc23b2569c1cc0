"""The daily mail: `news` gathers what is new for one person, `sending` sends it at most once a day."""
