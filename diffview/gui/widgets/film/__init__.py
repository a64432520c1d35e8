"""The film strip: the chain of noise levels in small pictures."""
