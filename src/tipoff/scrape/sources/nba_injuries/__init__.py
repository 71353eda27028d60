"""The league's official injury report, a PDF: what to ask for, and how to read it. Nothing here fetches."""

from tipoff.scrape.sources.nba_injuries.document import recognise, transform
from tipoff.scrape.sources.nba_injuries.requests import SOURCE, official_report, official_reports

__all__ = ["SOURCE", "official_report", "official_reports", "recognise", "transform"]
