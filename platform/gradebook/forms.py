"""Forms of a cell's page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gradebook.models import GradeItem


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
