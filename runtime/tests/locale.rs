//! Translations, and what languages say differently; Tornado's cases, and damaged files.

use gustnado::locale::{DateFormat, Locale, Locales, fill};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A folder with these files, which is empty otherwise.
fn folder(name: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("locale").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn locale(code: &str) -> Locale {
    Locales::new(code).get(code).unwrap()
}

/// A `.mo` file.
fn mo(entries: &[(&str, &str)], number: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    let mut file = Vec::new();
    let mut texts = Vec::new();
    let mut tables = [Vec::new(), Vec::new()];
    for (original, translation) in entries {
        for (text, table) in [original, translation].into_iter().zip(&mut tables) {
            table.extend(number(text.len() as u32));
            table.extend(number(28 + 16 * count + texts.len() as u32));
            texts.extend(text.as_bytes());
            texts.push(0);
        }
    }
    for word in [0x9504_12de, 0, count, 28, 28 + 8 * count, 0, 0] {
        file.extend(number(word));
    }
    file.extend(tables.concat());
    file.extend(texts);
    file
}

const HEADER: &str =
    "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n";

fn french_mo(number: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let entries = [
        ("", HEADER),
        ("school", "\u{e9}cole"),
        ("law\u{4}right", "le droit"),
        ("good\u{4}right", "le bien"),
        ("organization\u{4}club\0organization\u{4}clubs", "le club\0les clubs"),
        ("stick\u{4}club\0stick\u{4}clubs", "le b\u{e2}ton\0les b\u{e2}tons"),
        ("a file\0%(n)d files", "un fichier\0%(n)d fichiers"),
    ];
    mo(&entries, number)
}

#[test]
fn csv_files_are_read() {
    let text = "\"school\",\"\u{e9}cole\"\r\nplain,clair\n\"a \"\"b\"\", c\",\"d\ne\"\n\nalone\n empty ,  vide  ,unknown";
    let folder =
        folder("csv", &[("fr_FR.csv", text.into()), ("de.csv", vec![]), ("README.md", vec![255])]);
    let mut locales = Locales::new("en_US");
    locales.load_translations(folder).unwrap();
    assert_eq!(locales.supported().collect::<Vec<_>>(), ["de", "en_US", "fr_FR"]);
    let french = locales.get("fr_FR").unwrap();
    for (message, translation) in [
        ("school", "\u{e9}cole"),
        ("plain", "clair"),
        ("a \"b\", c", "d\ne"),
        ("empty", "vide"),
        ("alone", "alone"),
    ] {
        assert_eq!(french.translate(message), translation);
    }
    assert_eq!(locales.get("de").unwrap().translate("school"), "school");
}

#[test]
fn csv_files_have_three_encodings() {
    let text = "school,\u{e9}cole";
    let units = |unit: fn(u16) -> [u8; 2]| {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect::<Vec<u8>>()
    };
    let encodings = [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        units(u16::to_le_bytes),
        units(u16::to_be_bytes),
    ];
    for bytes in encodings {
        let mut locales = Locales::new("en_US");
        locales.load_translations(folder("bom", &[("fr_FR.csv", bytes)])).unwrap();
        assert_eq!(locales.get("fr_FR").unwrap().translate("school"), "\u{e9}cole");
    }
}

#[test]
fn csv_files_know_one_and_many() {
    let mut locales = Locales::new("en_US");
    let text = "%(name)s liked this,A %(name)s les gust\u{f3} esto,plural\n\
                %(name)s liked this,A %(name)s le gust\u{f3} esto,singular\n\
                %(name)s liked this,unknown,";
    locales.add_csv("es_LA", text).unwrap();
    let spanish = locales.get("es_LA").unwrap();
    let liked =
        |count| spanish.translate_plural("%(name)s liked this", "%(name)s liked this", count);
    assert_eq!(liked(1), "A %(name)s le gust\u{f3} esto");
    assert_eq!(liked(0), "A %(name)s les gust\u{f3} esto");
    assert_eq!(liked(2), liked(0));
    assert_eq!(spanish.translate("%(name)s liked this"), "unknown");
    assert_eq!(spanish.translate_plural("one", "many", 2), "many");
    assert_eq!(spanish.translate_plural("one", "many", 1), "one");
    // They know no contexts.
    assert_eq!(spanish.pgettext("facebook", "%(name)s liked this"), "unknown");
}

#[test]
fn a_csv_file_that_is_wrong_is_named() {
    for (name, bytes, reason) in [
        ("fr_FR.csv", b"a,b,dual".to_vec(), "neither singular nor plural"),
        ("French.csv", vec![], "is no locale"),
        ("fr_FR.old.csv", vec![], "is no locale"),
        ("fr_FR.csv", vec![0xff, 0xfe, 0], "neither UTF-8 nor UTF-16"),
        ("fr_FR.csv", vec![0xe9], "neither UTF-8 nor UTF-16"),
    ] {
        let folder = folder("wrong", &[(name, bytes)]);
        let error = Locales::new("en_US").load_translations(&folder).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(reason), "{error}");
    }
    assert!(Locales::new("en_US").load_translations("/nonexistent").is_err());
}

#[test]
fn gettext_files_are_read_in_both_byte_orders_with_contexts_and_plurals() {
    for number in [u32::to_le_bytes, u32::to_be_bytes] {
        let files =
            [("fr_FR/LC_MESSAGES/test.mo", french_mo(number)), ("de/LC_MESSAGES/other.mo", vec![])];
        let mut locales = Locales::new("en_US");
        locales.load_gettext_translations(folder("gettext", &files), "test").unwrap();
        assert_eq!(locales.supported().collect::<Vec<_>>(), ["en_US", "fr_FR"]);
        let french = locales.get("fr_FR").unwrap();
        assert_eq!(french.translate("school"), "\u{e9}cole");
        assert_eq!(french.translate(""), "");
        assert_eq!(french.pgettext("law", "right"), "le droit");
        assert_eq!(french.pgettext("good", "right"), "le bien");
        assert_eq!(french.pgettext("hand", "right"), "right");
        let club = |context, count| french.npgettext(context, "club", "clubs", count);
        assert_eq!((club("organization", 1), club("organization", 2)), ("le club", "les clubs"));
        assert_eq!((club("stick", 1), club("stick", 2)), ("le b\u{e2}ton", "les b\u{e2}tons"));
        assert_eq!((club("sandwich", 1), club("sandwich", 2)), ("club", "clubs"));
        let files = |count| french.npgettext("computer", "a file", "%(n)d files", count);
        // In French, nothing is singular; and without a translation in the context, it is the one without.
        assert_eq!((files(0), files(1), files(2)), ("un fichier", "un fichier", "%(n)d fichiers"));
    }
}

#[test]
fn a_damaged_gettext_file_is_an_error_and_never_a_panic() {
    let whole = french_mo(u32::to_le_bytes);
    let add = |bytes: &[u8]| Locales::new("en_US").add_mo("fr_FR", bytes);
    add(&whole).unwrap();
    for length in 0..whole.len() - 1 {
        assert!(add(&whole[..length]).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            let _ = add(&damaged);
        }
    }
    let with =
        |header| add(&mo(&[("", header)], u32::to_le_bytes)).map_err(|error| error.to_string());
    assert!(with("Content-Type: text/plain; charset=ISO-8859-1\n").unwrap_err().contains("UTF-8"));
    assert!(
        with("Plural-Forms: nplurals=2; plural=__import__('os');\n")
            .unwrap_err()
            .contains("plural")
    );
    assert!(add(b"no").unwrap_err().to_string().contains("no .mo file"));
}

#[test]
fn the_closest_locale_is_the_exact_one_or_that_of_the_language_or_the_default() {
    let mut locales = Locales::new("en_US");
    for code in ["fr", "fr_CA", "de_DE"] {
        locales.add_csv(code, "").unwrap();
    }
    for (codes, expected) in [
        (vec!["fr_CA"], "fr_CA"),
        (vec!["FR-ca"], "fr_CA"),
        (vec!["fr_BE"], "fr"),
        (vec!["FR"], "fr"),
        (vec!["de"], "en_US"),
        (vec!["", "pt", "de-DE", "fr"], "de_DE"),
        (vec!["zh-Hant-TW", "fr"], "fr"),
        (vec!["fr_CA_x"], "en_US"),
        (vec![], "en_US"),
    ] {
        assert_eq!(locales.closest(codes.clone()).code(), expected, "{codes:?}");
    }
}

#[test]
fn the_locale_of_a_browser_is_the_one_with_the_greatest_weight() {
    let mut locales = Locales::new("en_US");
    for code in ["fr", "fr_CA", "de", "es"] {
        locales.add_csv(code, "").unwrap();
    }
    for (header, expected) in [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9", "fr_CA"),
        ("de;q=0.5, es;q=0.8", "es"),
        ("pt, de;q=0.5 , es ; q=0.8", "es"),
        ("de;q=0.5,es;q=0.5", "de"),
        ("de;q=0,es;q=0.1", "es"),
        ("de;q=-1,es;q=0.1", "es"),
        ("de;q=x,es;q=0.1", "es"),
        ("de;q=NaN,es;q=0.1", "es"),
        ("de;level=1", "en_US"),
        ("*", "en_US"),
        ("", "en_US"),
        (",;,=;q=", "en_US"),
    ] {
        assert_eq!(locales.negotiate(header).code(), expected, "{header}");
    }
}

#[test]
fn the_default_locale_can_be_translated_too() {
    let mut locales = Locales::new("en_US");
    locales.add_csv("en_US", "greeting,Hello").unwrap();
    assert_eq!(locales.closest(["xx"]).translate("greeting"), "Hello");
}

/// 2013-04-28T18:35:00Z, a Sunday.
const SUNDAY: u64 = 1_367_174_100;
const DAY: u64 = 86_400;

fn unix(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What is said on that Sunday of a time so many seconds before.
fn said(ago: u64, format: DateFormat) -> String {
    locale("en_US").format_date_at(unix(SUNDAY - ago), unix(SUNDAY), format)
}

#[test]
fn a_date_is_told_by_how_long_ago_it_is() {
    let long = DateFormat::new();
    for (ago, expected) in [
        (0, "0 seconds ago"),
        (1, "1 second ago"),
        (2, "2 seconds ago"),
        (49, "49 seconds ago"),
        (50, "1 minute ago"),
        (90, "2 minutes ago"),
        (150, "2 minutes ago"),
        (50 * 60 - 1, "50 minutes ago"),
        (50 * 60, "1 hour ago"),
        (2 * 3600, "2 hours ago"),
        (DAY - 1, "24 hours ago"),
        (DAY, "yesterday at 6:35 pm"),
        // Two days ago by the calendar.
        (2 * DAY - 3600, "Friday at 7:35 pm"),
        (2 * DAY, "Friday at 6:35 pm"),
        (5 * DAY - 1, "Tuesday at 6:35 pm"),
        (5 * DAY, "April 23 at 6:35 pm"),
        (333 * DAY, "May 30 at 6:35 pm"),
        (334 * DAY, "May 29, 2012 at 6:35 pm"),
    ] {
        assert_eq!(said(ago, long), expected, "{ago}");
    }
}

#[test]
fn a_shorter_date_has_no_time() {
    let shorter = DateFormat::new().shorter();
    for (ago, expected) in [
        (2, "2 seconds ago"),
        (DAY, "yesterday"),
        (2 * DAY, "Friday"),
        (300 * DAY, "July 2"),
        (500 * DAY, "December 15, 2011"),
    ] {
        assert_eq!(said(ago, shorter), expected, "{ago}");
    }
}

#[test]
fn a_full_date_has_the_year_and_an_absolute_one_is_not_relative() {
    assert_eq!(said(0, DateFormat::new().full_format()), "April 28, 2013 at 6:35 pm");
    assert_eq!(said(0, DateFormat::new().full_format().shorter()), "April 28, 2013");
    assert_eq!(said(7200, DateFormat::new().absolute()), "4:35 pm");
    assert_eq!(said(DAY, DateFormat::new().absolute()), "Saturday at 6:35 pm");
}

#[test]
fn a_date_in_the_future_is_now_or_full() {
    let later = |seconds, format| {
        locale("en_US").format_date_at(unix(SUNDAY + seconds), unix(SUNDAY), format)
    };
    assert_eq!(later(59, DateFormat::new()), "0 seconds ago");
    assert_eq!(later(60, DateFormat::new()), "April 28, 2013 at 6:36 pm");
    assert_eq!(later(59, DateFormat::new().absolute()), "April 28, 2013 at 6:35 pm");
    assert_eq!(later(DAY + 30, DateFormat::new().shorter()), "April 29, 2013");
}

#[test]
fn a_date_is_told_by_the_clock_of_who_reads_it() {
    let full = DateFormat::new().full_format();
    assert_eq!(said(0, full.gmt_offset(-120)), "April 28, 2013 at 8:35 pm");
    assert_eq!(said(0, full.gmt_offset(-6 * 60)), "April 29, 2013 at 12:35 am");
    assert_eq!(said(DAY, DateFormat::new().gmt_offset(480)), "yesterday at 10:35 am");
}

#[test]
fn the_clock_has_24_hours_but_in_english_and_chinese() {
    let full = DateFormat::new().full_format();
    let said = |code, hour: u64| locale(code).format_date_at(unix(hour * 3600), unix(DAY), full);
    for (code, night, noon, evening) in [
        ("en", "12:00 am", "12:00 pm", "9:00 pm"),
        ("en_US", "12:00 am", "12:00 pm", "9:00 pm"),
        ("en_GB", "0:00", "12:00", "21:00"),
        ("zh_CN", "\u{4e0a}\u{5348}12:00", "\u{4e0b}\u{5348}12:00", "\u{4e0b}\u{5348}9:00"),
    ] {
        for (hour, time) in [(0, night), (12, noon), (21, evening)] {
            assert_eq!(said(code, hour), format!("January 1, 1970 at {time}"));
        }
    }
}

#[test]
fn dates_are_translated() {
    let mut locales = Locales::new("en_US");
    let text = "April,Avril\nSunday,Dimanche\n\"%(weekday)s, %(month_name)s %(day)s\",%(weekday)s %(day)s %(month_name)s\n\
                %(minutes)d minutes ago,il y a %(minutes)d minutes,plural";
    locales.add_csv("fr_FR", text).unwrap();
    let french = locales.get("fr_FR").unwrap();
    assert_eq!(french.format_day(unix(SUNDAY), 0, true), "Dimanche 28 Avril");
    let ago = french.format_date_at(unix(SUNDAY - 120), unix(SUNDAY), DateFormat::new());
    assert_eq!(ago, "il y a 2 minutes");
}

#[test]
fn a_day_has_the_name_of_its_weekday_or_not() {
    let english = locale("en_US");
    assert_eq!(english.format_day(unix(SUNDAY), 0, true), "Sunday, April 28");
    assert_eq!(english.format_day(unix(SUNDAY), 0, false), "April 28");
    assert_eq!(english.format_day(unix(SUNDAY), -360, true), "Monday, April 29");
}

#[test]
fn parts_are_listed() {
    let english = locale("en_US");
    for (parts, text) in [
        (vec![], ""),
        (vec!["A"], "A"),
        (vec!["A", "B"], "A and B"),
        (vec!["A", "B", "C"], "A, B and C"),
    ] {
        assert_eq!(english.list(&parts), text);
    }
    assert_eq!(locale("fa_IR").list(&["A", "B", "C"]), "A \u{648} B and C");
}

#[test]
fn numbers_have_commas_in_english() {
    let english = locale("en_US");
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1_000_000, "1,000,000"),
        (-100, "-100"),
        (-100_000, "-100,000"),
        (i64::MIN, "-9,223,372,036,854,775,808"),
    ] {
        assert_eq!(english.friendly_number(number), text);
    }
    assert_eq!(locale("de_DE").friendly_number(1_000_000), "1000000");
}

#[test]
fn languages_have_names_and_directions() {
    assert_eq!(locale("es_LA").name(), "Espa\u{f1}ol");
    assert_eq!(locale("tlh").name(), "Unknown");
    for (code, is_rtl) in
        [("fa_IR", true), ("ar", true), ("he_IL", true), ("en_US", false), ("arn", false)]
    {
        assert_eq!(locale(code).is_rtl(), is_rtl, "{code}");
    }
}

#[test]
fn values_are_put_where_they_are_named() {
    for (text, filled) in [
        ("%(a)s and %(b)d", "1 and 2"),
        ("100%% of %(a)s", "100% of 1"),
        ("%(c)s %(a)x %(a %s % ", "%(c)s %(a)x %(a %s % "),
        ("\u{e9}", "\u{e9}"),
    ] {
        assert_eq!(fill(text, &[("a", "1"), ("b", "2")]), filled);
    }
    // What is put in is not looked at again.
    assert_eq!(fill("%(a)s", &[("a", "%(b)s"), ("b", "2")]), "%(b)s");
}
