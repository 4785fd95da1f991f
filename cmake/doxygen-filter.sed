# What Doxygen is not to see in our headers, because a comment on it could only repeat it. Lines stay, empty, so that
# its messages name the right ones.

# What the compiler writes.
s/^.*[(].*[)].*= (default|delete);$//

# On one line, what the language or a concept of the standard library fixes: moves, comparisons, iterators.
s/^.*[(][A-Za-z]+&& other[)].*[;}]$//
s/^.*operator(=|==|<=>|[*]|->|[+][+]) ?[(].*[;}]$//
s/^ *using [a-z]+_(type|concept|category) = .*;$//

# Promises to the standard library.
/^template <>$/ {
  N
  s/^.*\n.* std::.* = true;$/\n/
}
