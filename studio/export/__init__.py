"""Turns stories into books that leave the studio: web page, PDF, EPUB, pictures, Markdown. Knows no page and no model."""
