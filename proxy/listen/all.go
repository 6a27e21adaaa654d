package listen

import "tandem/parser/keyword"

// Words is the table of the words of a "bind" line (configuration manual 5.1).
var Words = keyword.NewTable("bind word", socketWords, tlsWords)
