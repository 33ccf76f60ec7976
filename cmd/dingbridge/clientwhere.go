package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// whereClients says where clients are written: in files that are named, else in those of
// a config.yaml, else in clients.yaml.
type whereClients struct {
	config string
	files  config.ClientFiles
}

const (
	usualConfig  = "config.yaml"
	usualClients = "clients.yaml"
)

func (w *whereClients) flags(cmd *cobra.Command, what string) {
	f := cmd.Flags()
	f.StringVar(&w.config, "config", "", "the config.yaml that names issuer, clients_file and clients_dir; the `file` "+usualConfig+", if it is there")
	f.StringVar(&w.files.File, "clients-file", "", "the `file` "+what+" ("+usualClients+")")
	f.StringVar(&w.files.Folder, "clients-dir", "", "the `folder` that clients_dir names, if there is one")
}

// document reads config.yaml; nil: there is none, and none was named.
func (w *whereClients) document() (*config.Document, error) {
	file := w.config
	if file == "" {
		if _, err := os.Stat(usualConfig); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		file = usualConfig
	}
	return config.Load(file, os.Environ())
}

func (w *whereClients) all() (config.ClientFiles, error) {
	if w.files != (config.ClientFiles{}) {
		return w.files, nil
	}
	doc, err := w.document()
	switch {
	case err != nil:
		return config.ClientFiles{}, fmt.Errorf("%w\nname the file with --clients-file to do without config.yaml", err)
	case doc == nil:
		return config.ClientFiles{File: usualClients}, nil
	}
	return doc.ClientFiles(), nil
}

// A place is a file that a client is added to, and the files that are read with it: an id
// is one in all of them.
type place struct {
	file string
	with config.ClientFiles
	// alone is why it is not known which files are read with it.
	alone error
}

// toAddTo is where the client called id can be added: where there is only a folder, a file
// of its own.
func (w *whereClients) toAddTo(id string) (p place, err error) {
	files, err := w.all()
	if err != nil {
		return p, err
	}
	p.file, p.with = files.File, files
	if p.file == "" {
		if strings.HasPrefix(id, ".") {
			return p, fmt.Errorf("%w: a file called %s.yaml would not be read; name one with --clients-file", errUsage, id)
		}
		p.file = filepath.Join(files.Folder, id+".yaml")
	}
	if w.files == (config.ClientFiles{}) {
		return p, nil
	}
	// A file that was named may be one of those of a config.yaml.
	switch doc, err := w.document(); {
	case err != nil && w.config != "":
		return p, err
	case err != nil:
		p.alone = err
	case doc != nil && among(doc.ClientFiles(), p.file):
		p.with = doc.ClientFiles()
	case doc == nil && files.File == "":
		p.with.File = usualClients
	}
	return p, nil
}

// among tells whether file is, or would be, one of files.
func among(files config.ClientFiles, file string) bool {
	if files.File != "" && samePlace(filepath.Dir(files.File), filepath.Dir(file)) && filepath.Base(files.File) == filepath.Base(file) {
		return true
	}
	return files.Folder != "" && samePlace(files.Folder, filepath.Dir(file))
}

func samePlace(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// issuerURL is the issuer of config.yaml; empty: there is none.
func (w *whereClients) issuerURL() (string, error) {
	doc, err := w.document()
	switch {
	case err != nil:
		return "", fmt.Errorf("%w\nname the issuer with --issuer to do without config.yaml", err)
	case doc == nil:
		return "", nil
	}
	return doc.Config.Issuer, nil
}
