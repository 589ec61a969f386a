# Not UTF-8, and no coding cookie. (lasti only: 3.14 words it with the line and a caret, 3.13 in one line)
name = "é"
print("never")
