package people

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// names are of public figures, living and dead, and of novels, beside made-up ones.
const names = `
曾国藩 zengguofan  单雄信 shanxiongxin  解晓东 xiexiaodong  仇英 qiuying  区志航 ouzhihang  查良镛 zhaliangyong
盖叫天 gejiaotian  任正非 renzhengfei  朴槿惠 piaojinhui  尹志平 yinzhiping  翟天临 zhaitianlin  葛优 geyou
华罗庚 hualuogeng  纪晓岚 jixiaolan  哈文 hawen  宁静 ningjing  繁钦 poqin  黑豹 hebao  召公 shaogong
员半千 yunbanqian  缪荃孙 miaoquansun  秘雪 bixue  折可适 shekeshi  逄先知 pangxianzhi  乐毅 yueyi  种师道 chongshidao
晁盖 chaogai  覃塬 qinyuan  牟其中 muqizhong  冼星海 xianxinghai  洗夫人 xianfuren  谌容 chenrong  乜天 nietian
郇爽 xunshuang  夏雨 xiayu  柏杨 baiyang  贲宁 benning  句践 goujian  郗鉴 xijian  祭遵 zhaizun  薄一波 boyibo
令狐冲 linghuchong  尉迟恭 yuchigong  长孙无忌 zhangsunwuji  万俟卨 moqixie  澹台灭明 tantaimieming  宇文化及 yuwenhuaji
皇甫嵩 huangfusong  单于明 chanyuming  鲜于枢 xianyushu  闾丘露薇 lvqiuluwei  司徒美堂 situmeitang  欧阳修 ouyangxiu
上官婉儿 shangguanwaner  诸葛亮 zhugeliang  东方朔 dongfangshuo  夏侯惇 xiahoudun  慕容复 murongfu  司马迁 simaqian
公孙瓒 gongsunzan  轩辕剑 xuanyuanjian  尉缭 weiliao  钟离昧 zhonglimei  仲长统 zhongchangtong  子车奄息 zijuyanxi
宰父黑 zaifuhei  拓跋焘 tuobatao  独孤求败 duguqiubai  呼延灼 huyanzhuo  耶律阿保机 yelvabaoji  完颜阿骨打 wanyanaguda
爱新觉罗溥仪 aixinjueluopuyi  叶赫那拉慧 yehenalahui  纳兰性德 nalanxingde  阿史那社尔 ashinasheer  贺兰敏之 helanminzhi
贺若弼 heruobi  赫连勃勃 helianbobo  申屠嘉 shentujia  淳于髡 chunyukun  公冶长 gongyechang  端木赐 duanmuci
颛孙师 zhuansunshi  漆雕开 qidiaokai  壤驷赤 rangsichi  乐正子春 yuezhengzichun  巫马施 wumashi  左丘明 zuoqiuming
南宫适 nangongshi  百里奚 bailixi  太史慈 taishici  西门豹 ximenbao  第五伦 diwulun  闻人牧 wenrenmu  亓官明 qiguanming
哥舒翰 geshuhan  屈突通 qututong  斛律光 hulvguang  朱邪赤心 zhuyechixin  褚师明 chushiming  即墨成 jimocheng
相里勤 xiangliqin  主父偃 zhufuyan  段干木 duanganmu  谷梁赤 guliangchi  毌丘俭 guanqiujian  甪里先 lulixian
张三 zhangsan  李四 lisi  王五 wangwu  吕布 lvbu  吕洞宾 lvdongbin  吴女士 wunvshi  略明 lveming  陆游 luyou  石崇 shichong
车晓 chexiao  叶问 yewen  沈从文 shencongwen  费孝通 feixiaotong  冯友兰 fengyoulan  贾宝玉 jiabaoyu  俞伯牙 yuboya
阚泽 kanze  卜算 busuan  能明 naiming  佴明 naiming  隗嚣 weixiao  钭明 touming  粘明 nianming  蔚明 yuming  炅明 guiming
颉明 xieming  呙明 guoming  圈称 juancheng  隽不疑 juanbuyi  贠明 yunming  都江 dujiang  么红 yaohong  幺宁 yaoning  长江 changjiang
莘瑞 shenrui  眭弘 suihong  睢明 suiming  仝卓 tongzhuo  亓明 qiming  佘诗曼 sheshiman  厍明 sheming  庹宗华 tuozonghua
妫明 guiming  郝蕾 haolei  郄明 qieming  昝明 zanming  仉明 zhangming  綦美 qimei  殷桃 yintao  燕青 yanqing  应采儿 yingcaier
盛宣怀 shengxuanhuai  宓明 miming  宿明 suming  行明 xingming  强明 qiangming  瞿秋白 quqiubai  曲明 quming  撒贝宁 sabeining
李曾 liceng  王单 wangdan  张解 zhangjie  陈区 chenqu  刘查 liucha  赵朴初 zhaopuchu  钱盖 qiangai  孙任 sunren  周黑鸭 zhouheiya
吴乐 wule  郑种 zhengzhong  王晟 wangsheng  张俊隽 zhangjunjun  李长乐 lichangle  赵佛 zhaofo  陈率 chenshuai  郭小莞 guoxiaowan
重阳 zhongyang  行健 xingjian  乐乐 yuele  王一一 wangyiyi  李行 lixing  张重 zhangzhong  朱祁镇 zhuqizhen  张頫 zhangfu
淼淼 miaomiao  张珩 zhangheng  喀什 kashi  赵㛃 zhaojie  李喆 lizhe  王赟 wangyun  张翀 zhangchong  刘祎 liuyi  陈彧 chenyu  孙燚 sunyi  周垚 zhouyao  吴犇 wuben
郑骉 zhengbiao  王旸 wangyang  冯懿 fengyi  楮明 chuming  褚时健 chushijian  逯明 luming  糜竺 mizhu  稽康 jikang  嵇康 jikang
曾國藩 zengguofan  單雄信 shanxiongxin  區志航 ouzhihang  蓋叫天 gejiaotian  華羅庚 hualuogeng  紀曉嵐 jixiaolan  寧靜 ningjing
員半千 yunbanqian  繆荃孫 miaoquansun  樂毅 yueyi  尉遲恭 yuchigong  長孫無忌 zhangsunwuji  萬俟卨 moqixie  澹臺明 tantaiming
鮮于樞 xianyushu  歐陽修 ouyangxiu  諸葛亮 zhugeliang  司馬遷 simaqian  張三豐 zhangsanfeng  葉問 yewen  陸游 luyou  呂布 lvbu
賁明 benming  諶明 chenming  祕明 biming  闞澤 kanze  隽明 juanming  雋明 juanming  薄荷 bohe  都 du  乐 yue  〇 ling
阿不都热合曼 abudureheman  扎西次仁 zhaxiciren  斯琴高娃 siqingaowa  娜仁花 narenhua  勒布朗 lebulang  巴特尔 bateer`

func TestP2_PinyinOfNames(t *testing.T) {
	words := strings.Fields(names)
	if len(words) < 2*150 {
		t.Errorf("%d names", len(words)/2)
	}
	for i := 0; i+1 < len(words); i += 2 {
		if got := slug(pinyin(words[i])); got != words[i+1] && got != words[i+1][:min(32, len(words[i+1]))] {
			t.Errorf("%s is %q, want %q", words[i], got, words[i+1])
		}
	}
}

func TestP2_PinyinOfWhatDirectoriesHold(t *testing.T) {
	for name, want := range map[string]string{
		"张三(外包)":                "zhangsan",
		"张三（前端）":                "zhangsan",
		"张三-产品":                 "zhangsan",
		"张三——产品部":               "zhangsan",
		"张三_外包":                 "zhangsan",
		"张三/Tom":                "zhangsan",
		"张三|财务":                 "zhangsan",
		"张三@北京":                 "zhangsan",
		"张三、李四":                 "zhangsan",
		"张三【实习】":                "zhangsan",
		"【实习】张三":                "zhangsan",
		"[实习] 张三":               "zhangsan",
		"(外包)李四(北京)":            "lisi",
		"（张三）":                  "zhangsan",
		"(张三":                   "zhangsan",
		"）张三":                   "zhangsan",
		"-张三":                   "zhangsan",
		"张三 产品部":                "zhangsan",
		"张三\u3000产品":            "zhangsan",
		"张 三":                   "zhangsan",
		"张\u3000三":              "zhangsan",
		" 张三 ":                  "zhangsan",
		"欧阳 锋":                  "ouyangfeng",
		"曾 鸣":                   "zengming",
		"张三2":                   "zhangsan2",
		"张三2-产品":                "zhangsan2",
		"张三A":                   "zhangsan-a",
		"张三Tom":                 "zhangsan-tom",
		"张 Tom":                 "zhang-tom",
		"Tom 张三":                "tom-zhangsan",
		"Tom张三":                 "tom-zhangsan",
		"Tom曾三":                 "tom-zengsan",
		"Lee Wang":              "lee-wang",
		"Lee Wang (Sales)":      "lee-wang",
		"O'Brien":               "o-brien",
		"Jean-Luc Picard":       "jean-luc-picard",
		"J. R. R. Tolkien":      "j.r.r.tolkien",
		"买买提·吐尔逊":               "maimaiti-tuerxun",
		"买买提•吐尔逊":               "maimaiti-tuerxun",
		"张\u200b三\u202e":        "zhangsan",
		"张\ufe00三":              "zhangsan",
		"张\U000e0100三":          "zhangsan",
		"葛\U000e0100优":          "geyou",
		"张😀三":                   "zhang-san",
		"张三😀":                   "zhangsan",
		"😀":                     "",
		"𠮷田":                    "tian", // the table lacks the first
		"\U0003134a":            "",
		"김철수":                   "",
		"さくら":                   "",
		"Иван":                  "",
		"ＡＤＭＩＮ":                 "",
		"ａｄｍｉｎ":                 "",
		"аdmin":                 "dmin", // its first letter is Cyrillic
		"(外包)":                  "waibao",
		"()":                    "",
		"":                      "",
		"。。。":                   "",
		"1001":                  "1001",
		"\xff\xfe":              "",
		"张\xff三":                "zhangsan",
		"⼀⼄":                    "", // radicals, not characters
		strings.Repeat("张", 99): strings.Repeat("zhang", 7)[:32],
	} {
		if got := slug(pinyin(name)); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestP2_EverySurnameIsRead(t *testing.T) {
	line := regexp.MustCompile(`^[a-z]+( \p{Han}+)+$`)
	seen := map[string]string{}
	for row := range strings.SplitSeq(strings.TrimSpace(surnames), "\n") {
		if !line.MatchString(row) {
			t.Fatalf("%q is no row", row)
		}
		words := strings.Fields(row)
		for _, surname := range words[1:] {
			if seen[surname] != "" {
				t.Errorf("%s is read %s and %s", surname, seen[surname], words[0])
			}
			seen[surname] = words[0]
			if n := utf8.RuneCountInString(surname); n > longestSurname {
				t.Errorf("%s has %d characters", surname, n)
			} else if n == 1 && readingOf([]rune(surname)[0]) == words[0] {
				t.Errorf("%s is read %s anyway", surname, words[0])
			}
			for _, name := range []string{surname, surname + "明", surname + " 明", "(甲)" + surname + "明-乙"} {
				want := words[0]
				if strings.Contains(name, "明") {
					want += "ming"
				}
				if got := pinyin(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		}
	}
	for row := range strings.SplitSeq(strings.TrimSpace(givenNames), "\n") {
		words := strings.Fields(row)
		if !line.MatchString(row) {
			t.Fatalf("%q is no row", row)
		}
		for _, name := range words[1:] {
			if opens(pinyinTable, name) == words[0] {
				t.Errorf("%s is read %s anyway", name, words[0])
			}
			if got := pinyin("明" + name); got != "ming"+words[0] {
				t.Errorf("明%s is %q", name, got)
			}
		}
	}
}

// Whatever a name holds, the stem is fit or empty.
func checkPinyin(t *testing.T, policy usernamePolicy, name string) {
	t.Helper()
	written := pinyin(name)
	stem := slug(written)
	if strings.ContainsFunc(written, func(r rune) bool { return unicode.Is(unicode.Han, r) }) ||
		stem != "" && (!stems.MatchString(stem) || len(stem) > 33) || slug(pinyin(name)) != stem {
		t.Fatalf("%q is written %q and gives the stem %q", name, written, stem)
	}
	checkUsernames(t, policy.stem(dingtalk.Member{Name: name}), SubjectOf(corp, name))
}

var stems = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)

func pinyinPolicy(t testing.TB) usernamePolicy {
	t.Helper()
	policy, err := newUsernamePolicy(Config{UsernameSources: []string{SourcePinyin}})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestP2_AnySoupOfRunesGivesAFitStem(t *testing.T) {
	policy := pinyinPolicy(t)
	random := rand.New(rand.NewPCG(20, 26))
	kinds := []func() rune{
		func() rune { return 0x4e00 + random.Int32N(0x5200) },
		func() rune { return []rune(surnames)[random.IntN(len([]rune(surnames)))] },
		func() rune { return []rune(opening + closing + behind)[random.IntN(40)] },
		func() rune { return random.Int32N(0x80) },
		func() rune { return random.Int32N(unicode.MaxRune + 1) },
	}
	for range 2000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteRune(kinds[random.IntN(len(kinds))]())
		}
		checkPinyin(t, policy, b.String())
	}
}

func FuzzPinyin(f *testing.F) {
	for i, word := range strings.Fields(names) {
		if i%2 == 0 {
			f.Add(word)
		}
	}
	for _, s := range []string{"张三(外包)", "【a】b", "((((", "））））", "张 三 李", "Tom张三", "\xff张", "· ·", strings.Repeat("张 ", 99)} {
		f.Add(s)
	}
	policy := pinyinPolicy(f)
	f.Fuzz(func(t *testing.T, name string) { checkPinyin(t, policy, name) })
}

func BenchmarkPinyin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		pinyin("欧阳晓龘")
	}
}
