package doctor

import "slices"

// catalogue is every kind of finding, in the order in which things are looked at.
var catalogue = slices.Concat(configKinds, storageKinds, appKinds, dingtalkKinds, issuerKinds)

// Catalogue returns every kind of finding there can be.
func Catalogue() []Kind { return slices.Clone(catalogue) }

// kindOf finds a row. An id that is in no row is a mistake of ours that a test of the
// finding would meet.
func kindOf(id string) Kind {
	i := slices.IndexFunc(catalogue, func(k Kind) bool { return k.ID == id })
	if i < 0 {
		panic("doctor: no kind of finding is called " + id)
	}
	return catalogue[i]
}

var configKinds = []Kind{
	{"config-ok", OK,
		Text{"{file} and the files that it names can be read and have no fault. (`dingbridge check` tries the storage too.)", ""},
		Text{"{file} 及其引用的文件可以读取，没有错误。（`dingbridge check` 还会试用存储。）", ""}},
	{"config-faulty", Fault,
		Text{"The configuration has a fault: {fault}", "Correct it; nothing else was looked at. `dingbridge check` prints the same."},
		Text{"配置有误：{fault}", "请先改正，其余项目尚未检查。`dingbridge check` 会给出同样的结果。"}},
}
