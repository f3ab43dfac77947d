// Package fakes is the list of the providers' fakes. fakes.go is made by `make
// generate`: a folder pkg/provider/NAME/fake is enough. A build with the tag
// production has none.
package fakes
