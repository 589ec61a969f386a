"""Node classes of the abstract syntax tree. compile() fills them, from the compiler's own tree."""

PyCF_ONLY_AST = 0x400
PyCF_TYPE_COMMENTS = 0x1000
PyCF_ALLOW_TOP_LEVEL_AWAIT = 0x2000
PyCF_OPTIMIZED_AST = 0x8000 | PyCF_ONLY_AST


class AST:
    """Base of all nodes: fields by position or keyword."""

    _fields = ()
    _field_types = {}
    _attributes = ()
    _lists = ()
    _optional = ()
    __match_args__ = ()

    def __init__(self, *args, **kwargs):
        names = self._fields
        if len(args) > len(names):
            raise TypeError(f"{type(self).__name__} constructor takes at most {len(names)} positional arguments")
        for name, value in zip(names, args):
            setattr(self, name, value)
        for name, value in kwargs.items():
            if name in names[: len(args)]:
                raise TypeError(f"{type(self).__name__} got multiple values for argument {name!r}")
            setattr(self, name, value)
        for name in names:
            if name not in self.__dict__:
                if name in self._lists:
                    setattr(self, name, [])
                elif name == "ctx":
                    setattr(self, name, Load())
                elif name in self._optional:
                    setattr(self, name, None)

    def __repr__(self):
        parts = (f"{name}={getattr(self, name)!r}" for name in self._fields if hasattr(self, name))
        return f"{type(self).__name__}({', '.join(parts)})"

    def __replace__(self, /, **changes):
        values = {name: getattr(self, name) for name in self._fields + self._attributes if hasattr(self, name)}
        return type(self)(**{**values, **changes})

    def __reduce__(self):
        return type(self), (), self.__dict__


def _node(name, base, fields, lists=(), optional=(), attributes=None):
    fields = tuple(fields)
    body = {"_fields": fields, "__match_args__": fields, "_lists": lists, "_optional": optional, "__module__": "ast"}
    if attributes is not None:
        body["_attributes"] = attributes
    body.update(dict.fromkeys(optional))
    types = {}
    for field in fields:
        if field in lists:
            types[field] = list[AST]
        elif field == "ctx":
            types[field] = expr_context
        else:
            types[field] = AST | None if field in optional else AST
    body["_field_types"] = types
    globals()[name] = type(name, (globals()[base],), body)


_node("expr_context", "AST", [])
_node("operator", "AST", [])
_node("Add", "operator", [])
_node("boolop", "AST", [])
_node("And", "boolop", [])
_node("stmt", "AST", [], attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("AnnAssign", "stmt", ['target', 'annotation', 'value', 'simple'], optional=('value',))
_node("Assert", "stmt", ['test', 'msg'], optional=('msg',))
_node("Assign", "stmt", ['targets', 'value', 'type_comment'], lists=('targets',), optional=('type_comment',))
_node("AsyncFor", "stmt", ['target', 'iter', 'body', 'orelse', 'type_comment'], lists=('body', 'orelse'), optional=('type_comment',))
_node("AsyncFunctionDef", "stmt", ['name', 'args', 'body', 'decorator_list', 'returns', 'type_comment', 'type_params'], lists=('body', 'decorator_list', 'type_params'), optional=('returns', 'type_comment'))
_node("AsyncWith", "stmt", ['items', 'body', 'type_comment'], lists=('items', 'body'), optional=('type_comment',))
_node("expr", "AST", [], attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("Attribute", "expr", ['value', 'attr', 'ctx'])
_node("AugAssign", "stmt", ['target', 'op', 'value'])
_node("Await", "expr", ['value'])
_node("BinOp", "expr", ['left', 'op', 'right'])
_node("BitAnd", "operator", [])
_node("BitOr", "operator", [])
_node("BitXor", "operator", [])
_node("BoolOp", "expr", ['op', 'values'], lists=('values',))
_node("Break", "stmt", [])
_node("Call", "expr", ['func', 'args', 'keywords'], lists=('args', 'keywords'))
_node("ClassDef", "stmt", ['name', 'bases', 'keywords', 'body', 'decorator_list', 'type_params'], lists=('bases', 'keywords', 'body', 'decorator_list', 'type_params'))
_node("Compare", "expr", ['left', 'ops', 'comparators'], lists=('ops', 'comparators'))
_node("Constant", "expr", ['value', 'kind'], optional=('kind',))
_node("Continue", "stmt", [])
_node("Del", "expr_context", [])
_node("Delete", "stmt", ['targets'], lists=('targets',))
_node("Dict", "expr", ['keys', 'values'], lists=('keys', 'values'))
_node("DictComp", "expr", ['key', 'value', 'generators'], lists=('generators',))
_node("Div", "operator", [])
_node("cmpop", "AST", [])
_node("Eq", "cmpop", [])
_node("excepthandler", "AST", [], attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("ExceptHandler", "excepthandler", ['type', 'name', 'body'], lists=('body',), optional=('type', 'name'))
_node("Expr", "stmt", ['value'])
_node("mod", "AST", [])
_node("Expression", "mod", ['body'])
_node("FloorDiv", "operator", [])
_node("For", "stmt", ['target', 'iter', 'body', 'orelse', 'type_comment'], lists=('body', 'orelse'), optional=('type_comment',))
_node("FormattedValue", "expr", ['value', 'conversion', 'format_spec'], optional=('format_spec',))
_node("FunctionDef", "stmt", ['name', 'args', 'body', 'decorator_list', 'returns', 'type_comment', 'type_params'], lists=('body', 'decorator_list', 'type_params'), optional=('returns', 'type_comment'))
_node("FunctionType", "mod", ['argtypes', 'returns'], lists=('argtypes',))
_node("GeneratorExp", "expr", ['elt', 'generators'], lists=('generators',))
_node("Global", "stmt", ['names'], lists=('names',))
_node("Gt", "cmpop", [])
_node("GtE", "cmpop", [])
_node("If", "stmt", ['test', 'body', 'orelse'], lists=('body', 'orelse'))
_node("IfExp", "expr", ['test', 'body', 'orelse'])
_node("Import", "stmt", ['names'], lists=('names',))
_node("ImportFrom", "stmt", ['module', 'names', 'level'], lists=('names',), optional=('module', 'level'))
_node("In", "cmpop", [])
_node("Interactive", "mod", ['body'], lists=('body',))
_node("unaryop", "AST", [])
_node("Invert", "unaryop", [])
_node("Is", "cmpop", [])
_node("IsNot", "cmpop", [])
_node("JoinedStr", "expr", ['values'], lists=('values',))
_node("LShift", "operator", [])
_node("Lambda", "expr", ['args', 'body'])
_node("List", "expr", ['elts', 'ctx'], lists=('elts',))
_node("ListComp", "expr", ['elt', 'generators'], lists=('generators',))
_node("Load", "expr_context", [])
_node("Lt", "cmpop", [])
_node("LtE", "cmpop", [])
_node("MatMult", "operator", [])
_node("Match", "stmt", ['subject', 'cases'], lists=('cases',))
_node("pattern", "AST", [], attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("MatchAs", "pattern", ['pattern', 'name'], optional=('pattern', 'name'))
_node("MatchClass", "pattern", ['cls', 'patterns', 'kwd_attrs', 'kwd_patterns'], lists=('patterns', 'kwd_attrs', 'kwd_patterns'))
_node("MatchMapping", "pattern", ['keys', 'patterns', 'rest'], lists=('keys', 'patterns'), optional=('rest',))
_node("MatchOr", "pattern", ['patterns'], lists=('patterns',))
_node("MatchSequence", "pattern", ['patterns'], lists=('patterns',))
_node("MatchSingleton", "pattern", ['value'])
_node("MatchStar", "pattern", ['name'], optional=('name',))
_node("MatchValue", "pattern", ['value'])
_node("Mod", "operator", [])
_node("Module", "mod", ['body', 'type_ignores'], lists=('body', 'type_ignores'))
_node("Mult", "operator", [])
_node("Name", "expr", ['id', 'ctx'])
_node("NamedExpr", "expr", ['target', 'value'])
_node("Nonlocal", "stmt", ['names'], lists=('names',))
_node("Not", "unaryop", [])
_node("NotEq", "cmpop", [])
_node("NotIn", "cmpop", [])
_node("Or", "boolop", [])
_node("type_param", "AST", [], attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("ParamSpec", "type_param", ['name', 'default_value'], optional=('default_value',))
_node("Pass", "stmt", [])
_node("Pow", "operator", [])
_node("RShift", "operator", [])
_node("Raise", "stmt", ['exc', 'cause'], optional=('exc', 'cause'))
_node("Return", "stmt", ['value'], optional=('value',))
_node("Set", "expr", ['elts'], lists=('elts',))
_node("SetComp", "expr", ['elt', 'generators'], lists=('generators',))
_node("Slice", "expr", ['lower', 'upper', 'step'], optional=('lower', 'upper', 'step'))
_node("Starred", "expr", ['value', 'ctx'])
_node("Store", "expr_context", [])
_node("Sub", "operator", [])
_node("Subscript", "expr", ['value', 'slice', 'ctx'])
_node("Try", "stmt", ['body', 'handlers', 'orelse', 'finalbody'], lists=('body', 'handlers', 'orelse', 'finalbody'))
_node("TryStar", "stmt", ['body', 'handlers', 'orelse', 'finalbody'], lists=('body', 'handlers', 'orelse', 'finalbody'))
_node("Tuple", "expr", ['elts', 'ctx'], lists=('elts',))
_node("TypeAlias", "stmt", ['name', 'type_params', 'value'], lists=('type_params',))
_node("type_ignore", "AST", [])
_node("TypeIgnore", "type_ignore", ['lineno', 'tag'])
_node("TypeVar", "type_param", ['name', 'bound', 'default_value'], optional=('bound', 'default_value'))
_node("TypeVarTuple", "type_param", ['name', 'default_value'], optional=('default_value',))
_node("UAdd", "unaryop", [])
_node("USub", "unaryop", [])
_node("UnaryOp", "expr", ['op', 'operand'])
_node("While", "stmt", ['test', 'body', 'orelse'], lists=('body', 'orelse'))
_node("With", "stmt", ['items', 'body', 'type_comment'], lists=('items', 'body'), optional=('type_comment',))
_node("Yield", "expr", ['value'], optional=('value',))
_node("YieldFrom", "expr", ['value'])
_node("alias", "AST", ['name', 'asname'], optional=('asname',), attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("arg", "AST", ['arg', 'annotation', 'type_comment'], optional=('annotation', 'type_comment'), attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("arguments", "AST", ['posonlyargs', 'args', 'vararg', 'kwonlyargs', 'kw_defaults', 'kwarg', 'defaults'], lists=('posonlyargs', 'args', 'kwonlyargs', 'kw_defaults', 'defaults'), optional=('vararg', 'kwarg'))
_node("comprehension", "AST", ['target', 'iter', 'ifs', 'is_async'], lists=('ifs',))
_node("keyword", "AST", ['arg', 'value'], optional=('arg',), attributes=('lineno', 'col_offset', 'end_lineno', 'end_col_offset'))
_node("match_case", "AST", ['pattern', 'guard', 'body'], lists=('body',), optional=('guard',))
_node("withitem", "AST", ['context_expr', 'optional_vars'], optional=('optional_vars',))
_node("TemplateStr", "expr", ['values'], lists=('values',))
_node("Interpolation", "expr", ['value', 'str', 'conversion', 'format_spec'], optional=('format_spec',))
del _node


def _func_type(source, filename, mode, *rest):
    """The tree of a signature comment, `(int, *str) -> bool`: its left half is read as a call's arguments."""
    import _lasti_ast

    text = bytes(source).decode("utf-8")
    left, arrow, right = text.rpartition("->")
    bracketed = left.lstrip(" \t").startswith("(") and left.rstrip(" \t").endswith(")")
    if not arrow or not bracketed or not right.strip():
        raise SyntaxError("invalid syntax", (filename, 1, 1, text, 1, 2))
    blank = "".join(c if c == "\n" else " " for c in text[: len(left) + 2])
    # A name in front of the parenthesis makes it a call; positions are moved back by that one character.
    call = _lasti_ast.parse(("f" + left.lstrip(" \t")).encode(), filename, "eval", *rest).body
    shift = len(left) - len(left.lstrip(" \t")) - 1
    returns = _lasti_ast.parse(("(" + blank[1:] + right.rstrip() + "\n)").encode(), filename, "eval", *rest).body
    # Types, then at most one with a star, then at most one with two; no comma behind them.
    stars = [isinstance(t, Starred) for t in call.args]
    ended = left.rstrip()[:-1].rstrip().endswith(",")
    if ended or any(stars[:-1]) or len(call.keywords) > 1 or any(k.arg for k in call.keywords):
        raise SyntaxError("invalid syntax", (filename, 1, 1, text, 1, 2))
    types = call.args + [k.value for k in call.keywords]
    types = [t.value if isinstance(t, Starred) else t for t in types]

    def move(node):
        if node.lineno == 1:
            node.col_offset += shift
        if node.end_lineno == 1:
            node.end_col_offset += shift
        for name in node._fields:
            for child in (value if isinstance(value := getattr(node, name), list) else [value]):
                if isinstance(child, expr):
                    move(child)

    for node in types:
        move(node)
    return FunctionType(types, returns)
