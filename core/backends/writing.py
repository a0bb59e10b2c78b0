"""What a batch of replies says so far: each row's tokens as text, shown piece by piece as they come.

Knows a tokenizer and the tokens that end a reply; knows no model and no port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

MAX_PENDING = 8  # a character has at most four bytes: more tokens than this without one are no text at all
UNFINISHED = "\ufffd"  # what a decoder writes for bytes that are not (yet) a character


class RowText:
    """One row's tokens as text, piece by piece. No piece ends inside a character; the text is the pieces, joined."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokens: list[int] = []
        self.ends: list[int] = []  # for each token, how long the text was once it had come
        self.text = ""
        self.ended = False
        self._tokenizer = tokenizer
        self._context = self._shown = 0  # tokens before _shown are in the text; those from _context are decoded again

    def add(self, token: int) -> str:
        self.tokens.append(token)
        pending = len(self.tokens) - self._shown
        piece = self._unshown()
        if piece.endswith(UNFINISHED) and pending <= MAX_PENDING:
            piece = ""
        if piece:
            self._context, self._shown = self._shown, len(self.tokens)
        self.text += piece
        self.ends.append(len(self.text))
        return piece

    def end(self, itself: bool) -> str:
        """No more tokens come: the rest of the text. ``itself`` says that the model ended its reply, not a bound."""
        self.ended = itself
        piece = self._unshown() if self._shown < len(self.tokens) else ""
        self._shown = len(self.tokens)
        self.text += piece
        if piece:
            self.ends[-1] = len(self.text)
        return piece

    def _unshown(self) -> str:
        # Decoded together with what came before: a piece alone can lose its leading space.
        before = self._decode(self.tokens[self._context : self._shown])
        return self._decode(self.tokens[self._context :])[len(before) :]

    def _decode(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


class BatchStreamer(BaseStreamer):
    """Hands every row's text on as it comes. (The library's own text streamers refuse more than one row.)"""

    def __init__(
        self, tokenizer: Any, rows: int, eos: set[int], show: Callable[[int, str], None], begun: Sequence[int] = ()
    ) -> None:
        """All rows have ``begun`` with these tokens, which are shown first."""
        self.rows = [RowText(tokenizer) for _ in range(rows)]
        self._open = set(range(rows))
        self._eos = eos
        self._show = show
        self._prompt_seen = False
        for row in range(rows):
            self.add(row, begun)

    def put(self, value: torch.Tensor) -> None:
        """The library's next tokens, one a row."""
        if not self._prompt_seen:  # the first call brings the prompts
            self._prompt_seen = True
            return
        for row, token in enumerate(value.tolist()):
            if row in self._open:
                self.add(row, [token])

    def add(self, row: int, tokens: Sequence[int]) -> bool:
        """The next tokens of an open row, up to one that ends it, if there is any; whether it is still open."""
        pieces = ""
        for token in tokens:
            if token in self._eos:
                self._open.discard(row)
                pieces += self.rows[row].end(itself=True)
                break
            pieces += self.rows[row].add(token)
        self._say(row, pieces)
        return row in self._open

    def end(self) -> None:
        for row in sorted(self._open):
            self._say(row, self.rows[row].end(itself=False))
        self._open.clear()

    def _say(self, row: int, piece: str) -> None:
        if piece:
            self._show(row, piece)
