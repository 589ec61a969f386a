# Imported by lang_import_forms.py.
VALUE = "plain"
count = globals().get("count", 0) + 1
