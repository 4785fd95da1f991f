# What Doxygen gets to see of a header. Lines stay where they are, so that its messages name the right ones.
#
# Left out is what a comment could only repeat: what the compiler writes; on one line, what the language or a concept of
# the standard library fixes (moves, comparisons, iterators); promises to the standard library; and what takes our own
# private types (detail::). So is a class Iterator as a whole: it is what its concept says.
# A constructor's initializers stay, since without them its body is missing and what follows is taken for it.
#
# A comment above a member goes for those that follow it without a gap, as a reader takes it; Doxygen is told so.

/^ *class Iterator [{]$/ { close_iterator = substr($0, 1, match($0, /c/) - 1) "};" }
close_iterator { if ($0 == close_iterator) close_iterator = ""; print ""; next }

/^template <>$/ { print ""; specialization = 1; next }
specialization { specialization = 0; print ($0 ~ / std::.* = true;$/ ? "" : $0); next }

/[(].*[)].*= (default|delete);/ ||
/[(][A-Za-z]+&&( other)?[)].*[;}]$/ ||
/operator(=|==|<=>|[*]|->|[+][+]) ?[(].*[;}]$/ ||
/^ *using [a-z]+_(type|concept|category) = .*;$/ ||
/^ .*[(].*detail::.*[;}]$/ && !/^ *: / { print ""; next }

/^ *\/\/\// { print; above = 1; following = 0; next }
/^ *(\/\/|$)/ || /^ *[}#]/ || /:$/ || /\/\/\/</ { print; above = following = 0; next }

# A declaration over several lines: its last line decides.
!/[;}]$/ { print; if (/[{]$/) above = following = 0; next }

{
  print (following ? $0 "  ///< As the one above." : $0)
  following = above || following
  above = 0
}
