"""Around the site: installing, starting, showing and testing it. Only Linux's own tools and the standard library."""
