"""The C tokenizer's door. Its Python side loads without it; asking for tokens says what is missing."""


class TokenizerIter:
    def __init__(self, source, *, encoding=None, extra_tokens=False):
        raise NotImplementedError("lasti has no tokenizer for Python code yet (_tokenize.TokenizerIter)")
