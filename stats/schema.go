package stats

// JSONSchema is the answer to "show schema json" and the page's
// ";json-schema": it describes the output of [JSON] and [Info.AppendJSON] as
// JSON Schema draft 4.
const JSONSchema = `{"$schema":"http://json-schema.org/draft-04/schema#",` +
	`"oneOf":[` +
	`{"title":"Info","type":"array","items":{"title":"InfoItem","type":"object",` +
	`"properties":{` + schemaItem + `},"required":["field","processNum","tags","value"]}},` +
	`{"title":"Stat","type":"array","items":{"type":"array","items":{"title":"StatItem","type":"object",` +
	`"properties":{"objType":{"enum":["Frontend","Backend","Listener","Server","Unknown"]},` +
	`"proxyId":{"type":"integer","minimum":0},"id":{"type":"integer","minimum":0},` + schemaItem + `},` +
	`"required":["objType","proxyId","id","field","processNum","tags","value"]}}},` +
	`{"title":"Error","type":"object","properties":{"errorStr":{"type":"string"}},"required":["errorStr"]}],` +
	`"definitions":{` +
	`"field":{"type":"object","properties":{"pos":{"type":"integer","minimum":0},"name":{"type":"string"}},"required":["pos","name"]},` +
	`"processNum":{"type":"integer","minimum":1},` +
	`"tags":{"type":"object","properties":{` +
	`"origin":{"type":"string","enum":["Metric","Status","Key","Config","Product","Unknown"]},` +
	`"nature":{"type":"string","enum":["Gauge","Limit","Min","Max","Rate","Counter","Duration","Age","Time","Name","Output","Avg","Unknown"]},` +
	`"scope":{"type":"string","enum":["Cluster","Process","Service","System","Unknown"]}},` +
	`"required":["origin","nature","scope"]},` +
	`"typedValue":{"type":"object","oneOf":[` +
	`{"properties":{"type":{"enum":["s32"]},"value":{"type":"integer","minimum":-2147483648,"maximum":2147483647}},"required":["type","value"]},` +
	`{"properties":{"type":{"enum":["u32"]},"value":{"type":"integer","minimum":0,"maximum":4294967295}},"required":["type","value"]},` +
	`{"properties":{"type":{"enum":["u64"]},"value":{"type":"integer","minimum":0}},"required":["type","value"]},` +
	`{"properties":{"type":{"enum":["str"]},"value":{"type":"string"}},"required":["type","value"]}]}}}` + "\n"

const schemaItem = `"field":{"$ref":"#/definitions/field"},` +
	`"processNum":{"$ref":"#/definitions/processNum"},` +
	`"tags":{"$ref":"#/definitions/tags"},` +
	`"value":{"$ref":"#/definitions/typedValue"}`
