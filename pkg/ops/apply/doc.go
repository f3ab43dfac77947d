// Package apply makes destinations, mappings and policies what files say: it
// reads the files and what is applied, checks both against each other, plans the
// change in plain words and writes it in one transaction.
package apply
