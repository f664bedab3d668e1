"""Deterministic automata over a bundle's labels: which labels may follow, whatever was read before."""

from ocr_edge.decode.automaton.automaton import Automaton, anything

__all__ = ["Automaton", "anything"]
