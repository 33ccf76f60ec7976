package people

// surnames are read otherwise than the same characters elsewhere, or are of more than
// one character; each line a reading and the surnames, in both scripts, between blanks.
// Where bearers of a surname differ among themselves the usual reading stands, that of
// 现代汉语词典 if it has one: so for 盖 (also gai), 黑 (hei), 覃 (tan), 牟 (mou), 郇
// (huan), 隗 (kui), 蔚 (wei), 折 (zhe), 粘 (zhan) and 钭 (dou). What is not here is read as in
// the great table: 柏 bai, not bo; 谌 chen, not shen; 葛 and 哈 in their other tones.
// Whoever is read wrongly can be given another name by an administrator.
const surnames = `
ben 賁
bi 秘 祕
bo 薄
chong 种
ge 盖 蓋
gou 句
gui 炅
he 黑
juan 圈 隽 雋
kan 阚
miao 缪 繆
mu 牟
nai 能 佴
nian 粘
nie 乜
ou 区 區
piao 朴
po 繁
qin 覃
qiu 仇
shan 单 單
shao 召
she 折
tou 鈄
wei 隗
xian 洗
xie 解 颉
xun 郇
yu 蔚
yue 乐 樂
yun 员 員 贠 貟
zeng 曾
zha 查
zhai 翟 祭
aixinjueluo 爱新觉罗 愛新覺羅
ashina 阿史那
baili 百里
boerjijite 博尔济吉特 博爾濟吉特
chanyu 单于 單于
chunyu 淳于
chushi 褚师 褚師
daxi 达奚 達奚
diwu 第五
dongfang 东方 東方
dongguo 东郭 東郭
dongmen 东门 東門
doulu 豆卢 豆盧
duangan 段干
duanmu 端木
dugu 独孤 獨孤
fucha 富察
geshu 哥舒
gongliang 公良
gongsun 公孙 公孫
gongxi 公西
gongyang 公羊
gongye 公冶
guaerjia 瓜尔佳 瓜爾佳
guanqiu 毌丘
guliang 谷梁 穀梁
helan 贺兰 賀蘭
helian 赫连 赫連
heruo 贺若 賀若
hesheli 赫舍里
huangfu 皇甫
hulv 斛律
huyan 呼延
jiagu 夹谷 夾谷
jimo 即墨
liangqiu 梁丘
linghu 令狐
luli 甪里 角里
lvqiu 闾丘 閭丘
moqi 万俟 萬俟
murong 慕容
nala 那拉
nalan 纳兰 納蘭
nangong 南宫 南宮
nanmen 南门 南門
niuhulu 钮祜禄 鈕祜祿
ouyang 欧阳 歐陽
pugu 仆固 僕固
puyang 濮阳 濮陽
qidiao 漆雕
qiguan 亓官
qutu 屈突
rangsi 壤驷 壤駟
shangguan 上官
shentu 申屠
shusun 叔孙 叔孫
sikong 司空
sikou 司寇
sima 司马 司馬
situ 司徒
taishi 太史
taishu 太叔
tantai 澹台 澹臺
tuoba 拓跋
wanyan 完颜 完顏
weisheng 微生
wenren 闻人 聞人
wuma 巫马 巫馬
xiahou 夏侯
xiangli 相里
xianyu 鲜于 鮮于
ximen 西门 西門
xuanyuan 轩辕 軒轅
yangshe 羊舌
yehe 叶赫 葉赫
yehenala 叶赫那拉 葉赫那拉
yelv 耶律
yuchi 尉迟 尉遲
yuezheng 乐正 樂正
yuwen 宇文
zaifu 宰父
zhangdu 仉督
zhangsun 长孙 長孫
zhongchang 仲长 仲長
zhongli 钟离 鍾離 鐘離
zhongsun 仲孙 仲孫
zhuansun 颛孙 顓孫
zhufu 主父
zhuge 诸葛 諸葛
zhuye 朱邪
ziju 子车 子車
zongzheng 宗政
zuoqiu 左丘
`

// longestSurname of the table, in characters.
const longestSurname = 5

// givenNames has the characters of given names, and of surnames that are read like them,
// whose usual reading in a name is not the first of the great table. 晟 is also cheng, 么
// as a surname yao and else me.
const givenNames = `
bu 卜
chang 长 長
du 都
fo 佛
heng 珩
jia 伽
jun 隽 雋
le 勒
sheng 晟
shi 什
shuai 率
tao 焘 燾
wan 莞
yao 么
`
