package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// The editors below come in two kinds. Those of text leave every byte alone that is not
// the change's; those of nodes can cope with any form, keep comments and write the rest
// anew.

var errForm = errors.New("not a form that can be edited as text")

// itemLines are the lines [start, end) of the i-th client: with the comments right above
// its dash, as deep as that, and those inside it.
func itemLines(data []byte, i int) (lines []string, start, end int, item *yaml.Node, err error) {
	list, _, err := clientsNode(data)
	if err != nil {
		return nil, 0, 0, nil, err
	}
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || i >= len(list.Content) {
		return nil, 0, 0, nil, errForm
	}
	lines, item = splitLines(data), list.Content[i]
	start, end = item.Line-1, lastLine(item)
	if start < 0 || end > len(lines) {
		return nil, 0, 0, nil, errForm
	}
	deep := indentOf(lines[start])
	for start > 0 && isComment(lines[start-1]) && indentOf(lines[start-1]) == deep {
		start--
	}
	for end < len(lines) && isComment(lines[end]) && indentOf(lines[end]) > deep {
		end++
	}
	return lines, start, end, item, nil
}

// lastLine is the number of the last line on which a value of n begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

func removeText(data []byte, i int, _ *clients.Spec) ([]byte, error) {
	lines, start, end, _, err := itemLines(data, i)
	if err != nil {
		return nil, err
	}
	// Of the blank lines on both sides one stays.
	if start > 0 && isBlank(lines[start-1]) && (end == len(lines) || isBlank(lines[end])) {
		start--
	} else if i == 0 && end < len(lines) && isBlank(lines[end]) {
		end++
	}
	return joinLines(slices.Delete(lines, start, end)), nil
}

func addSecretText(data []byte, i int, become *clients.Spec) ([]byte, error) {
	lines, _, _, item, err := itemLines(data, i)
	if err != nil || len(become.SecretHashes) != 1 {
		return nil, errForm
	}
	key, value := entryOf(item, "secret_hash")
	if key == nil || value.Line != key.Line || item.Style&yaml.FlowStyle != 0 {
		return nil, errForm
	}
	at, old := key.Line-1, become.SecretHashes[0]
	line := lines[at]
	if strings.Count(line, old) != 1 {
		return nil, errForm
	}
	if !strings.HasSuffix(line, "\n") {
		line += "\n"
	}
	lines[at] = strings.Replace(line, old, become.SecretHash, 1)
	return joinLines(slices.Insert(lines, at+1, strings.Repeat(" ", key.Column-1)+`secret_hashes: ["`+old+"\"]\n")), nil
}

func dropSecretText(data []byte, i int, _ *clients.Spec) ([]byte, error) {
	lines, _, _, item, err := itemLines(data, i)
	if err != nil {
		return nil, err
	}
	key, value := entryOf(item, "secret_hashes")
	if key == nil || key.Line == item.Line || item.Style&yaml.FlowStyle != 0 {
		return nil, errForm
	}
	return joinLines(slices.Delete(lines, key.Line-1, lastLine(value))), nil
}

// entryOf finds a key of a map and its value.
func entryOf(item *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == name {
			return item.Content[i], item.Content[i+1]
		}
	}
	return nil, nil
}

func removeNode(data []byte, i int, _ *clients.Spec) ([]byte, error) {
	list, doc, err := clientsNode(data)
	if err != nil {
		return nil, err
	}
	list.Content = slices.Delete(list.Content, i, i+1)
	return encoded(doc)
}

// secretsNode gives the client the secrets of become.
func secretsNode(data []byte, i int, become *clients.Spec) ([]byte, error) {
	list, doc, err := clientsNode(data)
	if err != nil {
		return nil, err
	}
	item := list.Content[i]
	var made []*yaml.Node
	for name, value := range map[string]any{"secret_hash": become.SecretHash, "secret_hashes": become.SecretHashes} {
		key, old := entryOf(item, name)
		node := &yaml.Node{}
		if err := node.Encode(value); err != nil {
			return nil, err
		}
		switch {
		case key != nil && len(node.Content) == 0 && node.Kind == yaml.SequenceNode:
			at := slices.Index(item.Content, key)
			item.Content = slices.Delete(item.Content, at, at+2)
		case key != nil:
			node.LineComment, node.HeadComment, node.FootComment = old.LineComment, old.HeadComment, old.FootComment
			*old = *node
		case node.Kind == yaml.SequenceNode && len(node.Content) == 0:
		default:
			made = append(made, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, node)
		}
	}
	item.Content = append(item.Content, made...)
	return encoded(doc)
}

// encoded is all of doc written anew.
func encoded(doc *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Entry is a client as an operator would write it, but for its secrets.
func Entry(c clients.Spec) ([]byte, error) {
	c.SecretHash, c.SecretHashes = "", nil
	return encoded(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{clientNode(c)}})
}
