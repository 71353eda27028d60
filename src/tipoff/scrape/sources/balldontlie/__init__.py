"""balldontlie (api.balldontlie.io), with a key: box scores of a day, injuries. `transform` reads its documents, the others ask for them."""

from tipoff.scrape.sources.balldontlie.document import recognise, transform
from tipoff.scrape.sources.balldontlie.requests import SOURCE, box_scores, injuries

__all__ = ["SOURCE", "box_scores", "injuries", "recognise", "transform"]
