package sample

import "tandem/parser/keyword"

// Fetches is the table of all sample fetches (configuration manual 7.3).
var Fetches = keyword.NewTable("fetch method", httpFetches)

// Convs is the table of all converters (configuration manual 7.3.1).
var Convs = keyword.NewTable[Conv]("converter")

var httpFetches = []*keyword.Def[Fetch]{path}
