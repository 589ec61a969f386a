# Not UTF-8, and no coding cookie.
name = "é"
print("never")
