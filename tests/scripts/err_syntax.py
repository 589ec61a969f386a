# A syntax error: nothing of the file runs, the report names file and line, exit code 1.
print("never printed")
x = (1 +
     2
y = 3
