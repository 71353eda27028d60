"""Research: questions put to the record, each answered by a table with N and intervals, a correction, a plot and one sentence.

Knows quotes, closes, results and graded predictions of days that are over. It must never know a slate that is still to come, and no phase
may use what it finds: an answer is for people.
"""
