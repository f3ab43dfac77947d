// Code generated from sections.json by TestSectionsAreUpToDate; DO NOT EDIT.

package iab

// usSections are the US sections, in the order of their ids.
// Source: InteractiveAdvertisingBureau/Global-Privacy-Platform at b27beb411c14d48d7fb36c09e2abdf49c20d7d8d, read on 2026-11-29.
var usSections = [...]usSection{
	{id: 7, name: "usnat", country: "US", region: "", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 60, optOuts: []optOut{{at: 18, notices: []uint8{8}}, {at: 20, notices: []uint8{10, 6}}, {at: 22, notices: []uint8{12}}}, children: []child{{at: 48, teen: true}, {at: 50, teen: false}}, serviceProvider: 58},
		{version: 2, bits: 70, optOuts: []optOut{{at: 18, notices: []uint8{8}}, {at: 20, notices: []uint8{10, 6}}, {at: 22, notices: []uint8{12}}}, children: []child{{at: 56, teen: true}, {at: 58, teen: false}, {at: 60, teen: true}}, serviceProvider: 68},
	}},
	{id: 8, name: "usca", country: "US", region: "CA", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 46, optOuts: []optOut{{at: 12, notices: []uint8{6}}, {at: 14, notices: []uint8{8}}}, children: []child{{at: 34, teen: false}, {at: 36, teen: false}}, serviceProvider: 44},
	}},
	{id: 9, name: "usva", country: "US", region: "VA", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 40, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}}, serviceProvider: 38},
	}},
	{id: 10, name: "usco", country: "US", region: "CO", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 38, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 30, teen: false}}, serviceProvider: 36},
	}},
	{id: 11, name: "usut", country: "US", region: "UT", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 14, notices: []uint8{8}}, {at: 16, notices: []uint8{10}}}, children: []child{{at: 34, teen: false}}, serviceProvider: 40},
	}},
	{id: 12, name: "usct", country: "US", region: "CT", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 44, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}, {at: 34, teen: true}, {at: 36, teen: true}}, serviceProvider: 42},
	}},
	{id: 13, name: "usfl", country: "US", region: "FL", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 46, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}, {at: 34, teen: true}, {at: 36, teen: true}}, serviceProvider: 44},
	}},
	{id: 14, name: "usmt", country: "US", region: "MT", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 46, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}, {at: 34, teen: true}, {at: 36, teen: true}}, serviceProvider: 44},
	}},
	{id: 15, name: "usor", country: "US", region: "OR", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 52, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 38, teen: false}, {at: 40, teen: true}, {at: 42, teen: true}}, serviceProvider: 50},
	}},
	{id: 16, name: "ustx", country: "US", region: "TX", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}}, serviceProvider: 40},
	}},
	{id: 17, name: "usde", country: "US", region: "DE", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 52, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 34, teen: false}, {at: 36, teen: true}, {at: 38, teen: true}, {at: 40, teen: true}, {at: 42, teen: true}}, serviceProvider: 50},
	}},
	{id: 18, name: "usia", country: "US", region: "IA", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 14, notices: []uint8{8}}, {at: 16, notices: []uint8{10}}}, children: []child{{at: 34, teen: false}}, serviceProvider: 40},
	}},
	{id: 19, name: "usne", country: "US", region: "NE", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}}, serviceProvider: 40},
	}},
	{id: 20, name: "usnh", country: "US", region: "NH", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 46, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}, {at: 34, teen: true}, {at: 36, teen: true}}, serviceProvider: 44},
	}},
	{id: 21, name: "usnj", country: "US", region: "NJ", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 54, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 36, teen: false}, {at: 38, teen: true}, {at: 40, teen: true}, {at: 42, teen: true}, {at: 44, teen: true}}, serviceProvider: 52},
	}},
	{id: 22, name: "ustn", country: "US", region: "TN", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}}, serviceProvider: 40},
	}},
	{id: 23, name: "usmn", country: "US", region: "MN", header: false, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 42, optOuts: []optOut{{at: 12, notices: []uint8{8}}, {at: 14, notices: []uint8{10}}}, children: []child{{at: 32, teen: false}}, serviceProvider: 40},
	}},
	{id: 24, name: "usmd", country: "US", region: "MD", header: true, sensitiveBits: 0, layouts: []layout{
		{version: 1, bits: 22, optOuts: []optOut{{at: 16, notices: []uint8{12}}, {at: 18, notices: []uint8{14}}}, children: []child{}, mode: 8},
	}},
	{id: 25, name: "usin", country: "US", region: "IN", header: true, sensitiveBits: 16, layouts: []layout{
		{version: 1, bits: 24, optOuts: []optOut{{at: 16, notices: []uint8{12}}, {at: 18, notices: []uint8{14}}}, children: []child{{at: 20, teen: false}}, mode: 8},
	}},
	{id: 26, name: "usky", country: "US", region: "KY", header: true, sensitiveBits: 16, layouts: []layout{
		{version: 1, bits: 24, optOuts: []optOut{{at: 16, notices: []uint8{12}}, {at: 18, notices: []uint8{14}}}, children: []child{{at: 20, teen: false}}, mode: 8},
	}},
	{id: 27, name: "usri", country: "US", region: "RI", header: true, sensitiveBits: 16, layouts: []layout{
		{version: 1, bits: 24, optOuts: []optOut{{at: 16, notices: []uint8{12}}, {at: 18, notices: []uint8{14}}}, children: []child{{at: 20, teen: false}}, mode: 8},
	}},
}
