/**
 * Nouns for things, food and animals, each with the measure word that Chinese puts between a number and the noun,
 * and the semantic classes that keep sentences sensible (what can be eaten, drunk, read, worn, opened...).
 */

/** A portion of a substance: "a cup of" tea, 一杯茶. */
export interface Portion {
  readonly en: string;
  readonly plural: string;
  readonly measure: string;
}

/** A common noun. A noun without `plural` is a substance, or a word whose two numbers look the same in English. */
export interface Noun {
  readonly id: string;
  readonly en: string;
  readonly plural?: string;
  readonly zh: string;
  readonly measure: string;
  readonly kind: 'thing' | 'animal' | 'person' | 'mass';
  /** For a person: the pronoun that takes up the noun again. */
  readonly gender?: 'he' | 'she';
  /** For a substance: the portions it comes in; without any, only bare and possessed forms are used. */
  readonly portions?: readonly Portion[];
  /** The verb agreement of a bare substance: "noodles are". */
  readonly takesPlural?: boolean;
}

const thing = (en: string, plural: string, zh: string, measure: string): Noun => ({
  id: en,
  en,
  plural,
  zh,
  measure,
  kind: 'thing',
});

const animal = (en: string, plural: string, zh: string, measure: string): Noun => ({
  ...thing(en, plural, zh, measure),
  kind: 'animal',
});

const mass = (en: string, zh: string, ...portions: Portion[]): Noun => ({
  id: en,
  en,
  zh,
  measure: portions[0]?.measure ?? '',
  kind: 'mass',
  portions,
});

const cupOf: Portion = { en: 'cup', plural: 'cups', measure: '杯' };
const bottleOf: Portion = { en: 'bottle', plural: 'bottles', measure: '瓶' };
const bowlOf: Portion = { en: 'bowl', plural: 'bowls', measure: '碗' };

/** Animals. "Fish" has no plural here: "the fish" would otherwise be one or many. */
export const animals = {
  cat: animal('cat', 'cats', '猫', '只'),
  dog: animal('dog', 'dogs', '狗', '只'),
  bird: animal('bird', 'birds', '鸟', '只'),
  rabbit: animal('rabbit', 'rabbits', '兔子', '只'),
  mouse: animal('mouse', 'mice', '老鼠', '只'),
  horse: animal('horse', 'horses', '马', '匹'),
  cow: animal('cow', 'cows', '牛', '头'),
  monkey: animal('monkey', 'monkeys', '猴子', '只'),
  panda: animal('panda', 'pandas', '熊猫', '只'),
  fish: { id: 'fish', en: 'fish', zh: '鱼', measure: '条', kind: 'animal' } as Noun,
} satisfies Record<string, Noun>;

/** Food and drink. */
export const food = {
  apple: thing('apple', 'apples', '苹果', '个'),
  banana: thing('banana', 'bananas', '香蕉', '根'),
  carrot: thing('carrot', 'carrots', '胡萝卜', '根'),
  egg: thing('egg', 'eggs', '鸡蛋', '个'),
  cake: thing('cake', 'cakes', '蛋糕', '个'),
  dumpling: thing('dumpling', 'dumplings', '饺子', '个'),
  bread: mass('bread', '面包'),
  meat: mass('meat', '肉'),
  rice: mass('rice', '米饭', bowlOf),
  noodles: { ...mass('noodles', '面条', bowlOf), takesPlural: true },
  grass: mass('grass', '草'),
  soup: mass('soup', '汤', bowlOf),
  water: mass('water', '水', cupOf, bottleOf),
  tea: mass('tea', '茶', cupOf),
  coffee: mass('coffee', '咖啡', cupOf),
  milk: mass('milk', '牛奶', cupOf, bottleOf),
  juice: mass('juice', '果汁', cupOf, bottleOf),
} satisfies Record<string, Noun>;

/** Things. The measure words differ on purpose: they are what the translator has to learn. */
export const things = {
  book: thing('book', 'books', '书', '本'),
  newspaper: thing('newspaper', 'newspapers', '报纸', '份'),
  letter: thing('letter', 'letters', '信', '封'),
  story: thing('story', 'stories', '故事', '个'),
  photo: thing('photo', 'photos', '照片', '张'),
  pen: thing('pen', 'pens', '钢笔', '支'),
  key: thing('key', 'keys', '钥匙', '把'),
  umbrella: thing('umbrella', 'umbrellas', '雨伞', '把'),
  phone: thing('phone', 'phones', '手机', '部'),
  computer: thing('computer', 'computers', '电脑', '台'),
  flower: thing('flower', 'flowers', '花', '朵'),
  tree: thing('tree', 'trees', '树', '棵'),
  cup: thing('cup', 'cups', '杯子', '个'),
  bowl: thing('bowl', 'bowls', '碗', '个'),
  bottle: thing('bottle', 'bottles', '瓶子', '个'),
  box: thing('box', 'boxes', '盒子', '个'),
  bag: thing('bag', 'bags', '包', '个'),
  coat: thing('coat', 'coats', '大衣', '件'),
  shirt: thing('shirt', 'shirts', '衬衫', '件'),
  skirt: thing('skirt', 'skirts', '裙子', '条'),
  hat: thing('hat', 'hats', '帽子', '顶'),
  table: thing('table', 'tables', '桌子', '张'),
  chair: thing('chair', 'chairs', '椅子', '把'),
  bed: thing('bed', 'beds', '床', '张'),
  mat: thing('mat', 'mats', '垫子', '块'),
  door: thing('door', 'doors', '门', '扇'),
  window: thing('window', 'windows', '窗户', '扇'),
  house: thing('house', 'houses', '房子', '座'),
  room: { id: 'room', en: 'room', zh: '房间', measure: '个', kind: 'thing' } as Noun,
  car: thing('car', 'cars', '汽车', '辆'),
  bicycle: thing('bicycle', 'bicycles', '自行车', '辆'),
  bus: thing('bus', 'buses', '公交车', '辆'),
  train: thing('train', 'trains', '火车', '列'),
} satisfies Record<string, Noun>;

const { cat, dog, bird, rabbit, mouse, horse, cow, monkey, panda } = animals;
const t = things;

/** Animals that live in a house or a garden, small enough to sit on a chair. */
export const pets: readonly Noun[] = [cat, dog, bird, rabbit, mouse];

/** Animals that no chair would bear. */
export const largeAnimals: readonly Noun[] = [horse, cow, monkey, panda];

/** Every animal with two numbers. */
export const allAnimals: readonly Noun[] = [...pets, ...largeAnimals];

/** What nobody keeps at home: no "my tiger". */
export const unowned: ReadonlySet<Noun> = new Set([panda, monkey, mouse, t.bus, t.train, t.tree]);

/** Animals that people keep. */
export const companions: readonly Noun[] = [cat, dog, bird, rabbit, horse, cow];

/** What people eat. */
export const edible: readonly Noun[] = [
  food.apple,
  food.banana,
  food.carrot,
  food.egg,
  food.cake,
  food.dumpling,
  food.bread,
  food.meat,
  food.rice,
  food.noodles,
  animals.fish,
];

/** What people drink; Chinese also drinks soup (喝汤), so English does here too. */
export const drinkable: readonly Noun[] = [food.water, food.tea, food.coffee, food.milk, food.juice, food.soup];

/** Clothes: 穿 for what covers the body, 戴 for what sits on the head. */
export const clothes: readonly Noun[] = [t.coat, t.shirt, t.skirt, t.hat];

/** Things small enough to be put, carried, found or lost. */
export const portable: readonly Noun[] = [
  t.book,
  t.newspaper,
  t.letter,
  t.photo,
  t.pen,
  t.key,
  t.umbrella,
  t.phone,
  t.flower,
  t.cup,
  t.bowl,
  t.bottle,
  t.bag,
  t.hat,
  t.shirt,
  t.coat,
  t.skirt,
  t.box,
  t.computer,
];

/** What fits into a bag or a box. */
export const pocketable: readonly Noun[] = [
  t.book,
  t.newspaper,
  t.letter,
  t.photo,
  t.pen,
  t.key,
  t.phone,
  t.cup,
  t.bottle,
  t.hat,
  t.shirt,
];

/** Food that lies about whole, on a table or in a bowl. */
export const whole: readonly Noun[] = [food.apple, food.banana, food.egg, food.cake, food.carrot, food.dumpling];

/** What one owns or buys. */
export const goods: readonly Noun[] = [
  t.book,
  t.newspaper,
  t.pen,
  t.umbrella,
  t.phone,
  t.computer,
  t.flower,
  t.cup,
  t.bowl,
  t.bag,
  t.box,
  t.coat,
  t.shirt,
  t.skirt,
  t.hat,
  t.table,
  t.chair,
  t.bed,
  t.mat,
  t.house,
  t.car,
  t.bicycle,
];

/** Vehicles. */
export const vehicles: readonly Noun[] = [t.car, t.bicycle, t.bus, t.train];

/** Every countable noun that can stand in "this is a ...". */
export const showable: readonly Noun[] = [
  ...goods,
  t.letter,
  t.photo,
  t.key,
  t.bottle,
  t.tree,
  food.apple,
  food.banana,
  food.carrot,
  food.egg,
  food.cake,
  food.dumpling,
  ...allAnimals,
];
