"""Forms of the gradebook: a cell, a column filled in by hand, weights and categories."""

from __future__ import annotations

from collections.abc import MutableMapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from gradebook.actions import last_position
from gradebook.models import Category, GradeItem


class PointsField(forms.DecimalField):
    """A number with a point or a comma, whatever the language of the page."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class OverrideForm(forms.Form):
    points = PointsField(
        label=_("Points"),
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        help_text=_("The student reads it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, item: GradeItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = item.max_points * 2

    def clean_points(self) -> Decimal:
        points: Decimal = self.cleaned_data["points"]
        if points > self.most:
            raise forms.ValidationError(_("At most %(most)s, twice the item's points."), params={"most": self.most})
        return points


class ExcuseForm(forms.Form):
    why = forms.CharField(
        label=_("Why"), max_length=1000, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class CommentForm(forms.Form):
    comment = forms.CharField(
        label=_("Comment"),
        max_length=5000,
        required=False,
        help_text=_("The student reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ColumnForm(forms.ModelForm[GradeItem]):
    """A new column that is filled in by hand."""

    class Meta:
        model = GradeItem
        fields = ("title_en", "title_fr", "slug", "max_points", "category", "weight")

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course = course
        self.instance.course = course
        self.instance.position = last_position(course)
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)
        category.queryset = Category.objects.filter(course=course)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if GradeItem.objects.filter(course=self.course, slug=slug).exists():
            raise forms.ValidationError(_("A column has this short name already. Choose another one."))
        return slug


class CategoryForm(forms.ModelForm[Category]):
    class Meta:
        model = Category
        fields = ("title_en", "title_fr", "weight", "drop_lowest")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _shorten(self.initial)


class WeightForm(forms.ModelForm[GradeItem]):
    class Meta:
        model = GradeItem
        fields = ("category", "weight")

    def __init__(self, *args: Any, categories: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _shorten(self.initial)
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)
        category.queryset = categories
        category.empty_label = str(_("none"))


def _shorten(initial: MutableMapping[str, Any]) -> None:
    """60 for 60.000, which is how the database keeps it."""
    weight = initial.get("weight")
    if isinstance(weight, Decimal):
        initial["weight"] = f"{weight.normalize():f}"


CategoryFormSet = forms.modelformset_factory(Category, form=CategoryForm, extra=1, can_delete=True)
WeightFormSet = forms.modelformset_factory(GradeItem, form=WeightForm, extra=0)
