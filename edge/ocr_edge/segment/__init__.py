"""Find lines of glyph candidates in a picture. Pure: picture in, candidates out, nothing named yet."""

from ocr_edge.segment.candidates import Candidate, CandidateLine
from ocr_edge.segment.segmenter import Segmenter

__all__ = ["Candidate", "CandidateLine", "Segmenter"]
